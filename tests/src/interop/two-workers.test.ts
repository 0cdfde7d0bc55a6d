import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareDelivery } from '../harness/delivery.ts';
import { publishClip, recordStream } from '../harness/ffmpeg.ts';
import { type Fleet, startFleet, type WorkerProcess } from '../harness/fleet.ts';
import { avSync, decodeErrors, monotonic, probe } from '../harness/media-judges.ts';
import { type NginxRtmp, startNginxRtmp } from '../harness/nginx-rtmp.ts';
import { until } from '../harness/until.ts';

const PUBLISHED_SECONDS = 20;
const MAX_AV_OFFSET_MS = 45;

let nginx: NginxRtmp;
let fleet: Fleet;
/** Takes the stream in; holds no push, for it is of another pool. */
let ingest: WorkerProcess;
let holder: WorkerProcess;
let directory: string;
let sent: string;
const played = new Map<string, string>();

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pushfleet-workers-'));
  sent = join(directory, 'sent.flv');
  nginx = await startNginxRtmp();
  const pushes = ['one', 'two'].map((name) => `push ${nginx.url}/${name} pool=edge;`).join(' ');
  fleet = await startFleet({
    config: `stream studio { input publish://; ${pushes} }`,
    env: { PUSHFLEET_CLUSTER_KEY: 'k' },
  });
  ingest = fleet.worker('worker-1');
  holder = await fleet.addWorker({ PUSHFLEET_POOL: 'edge' });
  const waiting = async () => (await fleet.api.pushes({ status: 'waiting' })).length === 2;
  await until(waiting, { what: 'both pushes to wait for the source' });

  const publisher = publishClip(`${ingest.rtmpUrl}/live/studio`, { seconds: PUBLISHED_SECONDS, copyTo: sent });
  for (const { id } of await fleet.api.pushes()) await fleet.api.waitForStatus(id, 'running');
  await Promise.all([play('ingest', `${ingest.rtmpUrl}/studio`), play('holder', `${holder.rtmpUrl}/live/studio`)]);
  expect(await publisher.exited).toEqual({ code: 0, signal: null });
  for (const { id } of await fleet.api.pushes()) {
    await fleet.api.waitForStatus(id, ['stalled', 'waiting']);
    await fleet.api.pause(id);
  }
  await until(async () => (await nginx.streams()).length === 0, { what: 'the end of all publications' });
});

async function play(name: string, url: string): Promise<void> {
  const file = join(directory, `${name}.flv`);
  played.set(name, file);
  await recordStream(url, file, 6);
}

afterAll(async () => {
  await fleet?.stop();
  await nginx?.stop();
  await rm(directory, { recursive: true, force: true });
});

describe('a stream that is published to one worker and pushed by another', () => {
  it('is held where its pool is', async () => {
    const held = Object.fromEntries((await fleet.api.workers()).map((worker) => [worker.name, worker.pool]));
    expect(held).toEqual({ 'worker-1': 'default', 'worker-2': 'edge' });
    for (const { id } of await fleet.api.pushes()) {
      const attempts = await fleet.api.waitForAttempts(id, 1);
      expect(attempts).toMatchObject([{ worker: 'worker-2', failed: false }]);
    }
  });

  it.each(['one', 'two'])('arrives whole at push %s: every packet once and in its time', async (name) => {
    const { video, audio } = await compareDelivery(sent, nginx.recording(name));
    console.log(`${name}: ${JSON.stringify({ video, audio })}`);
    const whole = { skipped: 0, unfinished: 0, lost: 0, surplus: 0 };
    expect(video).toMatchObject({ ...whole, startsWithKey: true });
    expect(video.received).toBeGreaterThanOrEqual(PUBLISHED_SECONDS * 25);
    expect(audio).toMatchObject(whole);
    expect(Math.max(video.jitterMs, audio.jitterMs)).toBeLessThanOrEqual(1);
    expect(Math.abs(video.shiftMs - audio.shiftMs)).toBeLessThanOrEqual(1);
  });

  it.each(['one', 'two'])('can be decoded at push %s, with sound and picture together', async (name) => {
    const recording = nginx.recording(name);
    const { complaints, ...sync } = await avSync(recording);
    expect(complaints).toEqual([]);
    expect((await monotonic(recording)).map(({ nonMonotonic }) => nonMonotonic)).toEqual([0, 0]);
    const offsetsMs = sync.offsetsMs.slice(0, -1);
    console.log(`${name}: sound against picture ${offsetsMs.map((ms) => ms.toFixed(1))} ms`);
    expect(offsetsMs.length).toBeGreaterThanOrEqual(PUBLISHED_SECONDS / 2 - 2);
    for (const offset of offsetsMs) expect(Math.abs(offset)).toBeLessThanOrEqual(MAX_AV_OFFSET_MS);
  });
});

describe.each(['ingest', 'holder'])('a player of the worker that is the %s', (name) => {
  it('gets an unbroken stretch of what is published, from a picture on', async () => {
    const file = played.get(name)!;
    expect(await probe(file)).toMatchObject([
      { codec_name: 'h264', profile: 'Main', width: 640, height: 360 },
      { codec_name: 'aac', profile: 'LC', sample_rate: '48000', channels: 2 },
    ]);
    const { video, audio } = await compareDelivery(sent, file);
    console.log(`${name}: ${JSON.stringify({ video, audio })}`);
    expect(video).toMatchObject({ lost: 0, surplus: 0, startsWithKey: true });
    expect(audio).toMatchObject({ lost: 0, surplus: 0 });
    expect(await decodeErrors(file)).toEqual([]);
  });
});

describe('ffprobe', () => {
  it.each([
    ['the worker that takes the stream in', () => `${ingest.rtmpUrl}/studio`],
    ['another worker', () => `${holder.rtmpUrl}/studio`],
  ])('sees both tracks at %s', async (_where, url) => {
    const since = performance.now();
    const publisher = publishClip(`${ingest.rtmpUrl}/live/studio`);
    await until(async () => (await fleet.api.stream('studio')).source, { what: 'the stream to be published' });
    const streams = await probe(url());
    console.log(`ffprobe: ${streams.map(({ codec_name }) => codec_name)}, ${Math.round(performance.now() - since)} ms`);
    expect(streams.map(({ codec_name }) => codec_name).sort()).toEqual(['aac', 'h264']);
    await publisher.stop();
  });
});
