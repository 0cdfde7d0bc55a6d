import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareDelivery } from '../harness/delivery.ts';
import { listenWithFfmpeg } from '../harness/ffmpeg.ts';
import { type Fleet, startFleet } from '../harness/fleet.ts';
import { publishWithGstreamer } from '../harness/gstreamer.ts';
import { avSync, monotonic } from '../harness/media-judges.ts';
import { type NodeMediaServer, startNodeMediaServer } from '../harness/node-media-server.ts';
import { freePort } from '../harness/ports.ts';
import type { TestProcess } from '../harness/test-process.ts';
import { until } from '../harness/until.ts';

const SINKS = ['rtmp2sink', 'rtmpsink'] as const;
const TARGETS = ['rtmp', 'rtmps', 'ffmpeg'] as const;
const MAX_AV_OFFSET_MS = 45;
/** GStreamer gives the first three pictures the decode time 0; on their way they get 0, 1 and 2, and the first sound with them. */
const MAX_JITTER_MS = 2;

let server: NodeMediaServer;
let fleet: Fleet;
let directory: string;
const listeners: TestProcess[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pushfleet-gstreamer-'));
  server = await startNodeMediaServer();
  const streams = await Promise.all(SINKS.map(streamOf));
  fleet = await startFleet({
    config: streams.join('\n'),
    workerEnv: { NODE_EXTRA_CA_CERTS: server.certificateFile },
  });
  const waiting = async () => (await fleet.api.pushes({ status: 'waiting' })).length === 6;
  await until(waiting, { what: 'all pushes to wait for their sources' });
  const { rtmpUrl } = fleet.worker('worker-1');
  const publishers = SINKS.map((sink) =>
    publishWithGstreamer(`${rtmpUrl}/live/${sink}`, { sink, copyTo: sentBy(sink) }),
  );
  for (const { exited } of publishers) expect(await exited).toEqual({ code: 0, signal: null });
  await fleet.api.pauseInSilence(await fleet.api.pushes());
  for (const { exited } of listeners) expect(await exited).toEqual({ code: 0, signal: null });
});

afterAll(async () => {
  await fleet?.stop();
  await Promise.all(listeners.map((listener) => listener.stop()));
  await server?.stop();
  await rm(directory, { recursive: true, force: true });
});

async function streamOf(sink: string): Promise<string> {
  const listenUrl = `rtmp://127.0.0.1:${await freePort()}/live/${sink}`;
  listeners.push(await listenWithFfmpeg(listenUrl, join(directory, `${sink}-ffmpeg.flv`)));
  const urls = [`${server.url}/${sink}-rtmp`, `${server.secureUrl}/${sink}-rtmps`, listenUrl];
  return `stream ${sink} { input publish://; ${urls.map((url) => `push ${url};`).join(' ')} }`;
}

const sentBy = (sink: string) => join(directory, `${sink}.flv`);

function receivedAt(target: string, sink: string): string | Promise<string> {
  return target === 'ffmpeg' ? join(directory, `${sink}-ffmpeg.flv`) : server.recording(`${sink}-${target}`);
}

describe.each(SINKS)("a stream that GStreamer's %s publishes", (sink) => {
  describe.each(TARGETS)('to %s', (target) => {
    it('arrives whole: every packet once and in its time', async () => {
      const { video, audio } = await compareDelivery(sentBy(sink), await receivedAt(target, sink));
      console.log(`${sink} to ${target}: ${JSON.stringify({ video, audio })}`);
      const whole = { skipped: 0, unfinished: 0, lost: 0, surplus: 0, startsWithKey: true };
      expect(video).toMatchObject({ ...whole, received: 400 });
      expect(audio).toMatchObject({ ...whole, received: 750 });
      expect(Math.max(video.jitterMs, audio.jitterMs)).toBeLessThanOrEqual(MAX_JITTER_MS);
      expect(Math.abs(video.shiftMs - audio.shiftMs)).toBeLessThanOrEqual(MAX_JITTER_MS);
    });

    it('can be decoded without a complaint, in decode times that only grow, with sound and picture together', async () => {
      const received = await receivedAt(target, sink);
      const { complaints, ...sync } = await avSync(received);
      expect(complaints).toEqual([]);
      const streams = await monotonic(received);
      expect(streams.map(({ kind, nonMonotonic }) => [kind, nonMonotonic])).toEqual(
        expect.arrayContaining([
          ['video', 0],
          ['audio', 0],
        ]),
      );
      const offsetsMs = sync.offsetsMs.slice(0, -1);
      console.log(`${sink} to ${target}: sound against picture ${offsetsMs.map((ms) => ms.toFixed(1))} ms`);
      expect(offsetsMs.length).toBeGreaterThanOrEqual(6);
      for (const offset of offsetsMs) expect(Math.abs(offset)).toBeLessThanOrEqual(MAX_AV_OFFSET_MS);
    });
  });
});

describe('the pushes', () => {
  it('needed one attempt each', async () => {
    for (const push of await fleet.api.pushes()) {
      expect(push).toMatchObject({ retries_total: 0, errors: {} });
    }
  });
});
