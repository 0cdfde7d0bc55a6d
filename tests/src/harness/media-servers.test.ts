import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { publishClip, recordStream } from './ffmpeg.ts';
import { publishWithGstreamer } from './gstreamer.ts';
import { decodeErrors, frameCount, monotonic } from './media-judges.ts';
import { startNginxRtmp } from './nginx-rtmp.ts';
import { startNodeMediaServer } from './node-media-server.ts';
import { until } from './until.ts';

describe('nginx-rtmp', () => {
  it('records what is published, and tells what it receives', async () => {
    const nginx = await startNginxRtmp();
    const live = publishClip(`${nginx.url}/live`);
    await nginx.untilPublished('live');
    const whole = publishClip(`${nginx.url}/whole`, { loop: false, realtime: false });
    expect((await whole.exited).code).toBe(0);
    await until(async () => (await nginx.streams()).length === 1, { what: 'the end of the publication' });
    expect(await nginx.recordings()).toEqual(['live', 'whole']);
    expect(await decodeErrors(nginx.recording('whole'))).toEqual([]);
    expect((await frameCount(nginx.recording('whole'))).video).toBe(400);

    await nginx.dropPublisher('live');
    expect((await live.exited).code).not.toBe(0);
    await nginx.stop();
  });

  it('refuses publishers where it is strict, and comes back on the same port after a crash', async () => {
    const nginx = await startNginxRtmp();
    const refused = publishClip(`${nginx.strictUrl}/unwanted`);
    expect((await refused.exited).code).not.toBe(0);

    const first = publishClip(`${nginx.url}/name`);
    await nginx.untilPublished('name');
    await nginx.kill();
    expect((await first.exited).code).not.toBe(0);
    await nginx.restart();
    const second = publishWithGstreamer(`${nginx.url}/name`);
    await nginx.untilPublished('name');
    await second.stop();
    await nginx.stop();
  });
});

describe('node-media-server', () => {
  it('takes a stream by RTMP and by RTMPS and serves it', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'pushfleet-played-'));
    const server = await startNodeMediaServer();
    for (const [index, publishUrl] of [server.url, server.secureUrl].entries()) {
      const publisher = publishClip(`${publishUrl}/name${index}`);
      const played = join(directory, `${index}.flv`);
      await until(() => recordStream(`${server.url}/name${index}`, played, 1).then(() => true), {
        what: 'a stream to play',
      });
      const streams = await monotonic(played);
      expect(streams.map(({ kind, nonMonotonic }) => ({ kind, nonMonotonic }))).toContainEqual({
        kind: 'video',
        nonMonotonic: 0,
      });
      await publisher.stop();
    }
    await server.stop();
    await rm(directory, { recursive: true });
  });
});
