import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publishClip } from '../harness/ffmpeg.ts';
import { type Fleet, startFleet } from '../harness/fleet.ts';
import { RtmpSink } from '../harness/rtmp-sink.ts';
import type { TestProcess } from '../harness/test-process.ts';
import { until } from '../harness/until.ts';

describe('Redis is away while an encoder reconnects', () => {
  let sink: RtmpSink;
  let fleet: Fleet;
  let encoder: TestProcess;

  beforeAll(async () => {
    sink = await new RtmpSink(undefined).listen();
    fleet = await startFleet({ config: `stream studio { input publish://; password pw; push ${sink.url}/studio; }` });
    encoder = publish();
    await until(() => sink.open('studio').length === 1, { what: 'the push to be connected' });
  });

  afterAll(async () => {
    fleet?.redis.thaw();
    await encoder?.stop();
    await fleet?.stop();
    await sink?.stop();
  });

  const publish = (password = 'pw') =>
    publishClip(`${fleet.worker('worker-1').rtmpUrl}/live/studio?password=${password}`);
  const mediaAfter = (since: number) =>
    until(() => (sink.of('studio').at(-1)?.lastMediaAt ?? 0) > since, {
      what: 'media at the target',
    });

  it('lets it in on what was read last, goes on with its push, and still asks for the password', async () => {
    await mediaAfter(performance.now());
    fleet.redis.freeze();
    encoder.kill('SIGKILL');
    await encoder.exited;
    const stranger = publish('wrong');
    await stranger.exited;
    const since = performance.now();
    encoder = publish();
    await mediaAfter(since);
    console.log(
      `media again ${Math.round((sink.of('studio').at(-1)?.lastMediaAt ?? 0) - since)} ms after the encoder came back`,
    );
    expect(sink.of('studio')).toHaveLength(1);
    expect(sink.of('studio')[0]?.timestampRegressions).toBe(0);
  });

  it('is registered once Redis is back: a second publisher is refused, players are served', async () => {
    fleet.redis.thaw();
    await until(async () => (await fleet.api.stream('studio')).status === 'running', {
      what: 'the stream to be registered',
    });
    const second = publish();
    expect((await second.exited).code).not.toBe(0);
    await mediaAfter(performance.now());
    expect(sink.of('studio')).toHaveLength(1);
  });
});
