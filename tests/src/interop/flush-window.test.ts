import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareDelivery } from '../harness/delivery.ts';
import { publishClip } from '../harness/ffmpeg.ts';
import { type Fleet, startFleet } from '../harness/fleet.ts';
import { avSync, decodeErrors, monotonic, probe } from '../harness/media-judges.ts';
import { type NginxRtmp, startNginxRtmp } from '../harness/nginx-rtmp.ts';
import { until } from '../harness/until.ts';

/** PUSHFLEET_FLUSH_FRAMES. Groups of pictures are 50 long: the last window of each is not full. */
const WINDOW = 4;
/** The last window of all is not full either. */
const PUBLISHED_SECONDS = 10.2;
const MAX_AV_OFFSET_MS = 45;

let nginx: NginxRtmp;
let fleet: Fleet;
let directory: string;
let sent: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pushfleet-window-'));
  sent = join(directory, 'sent.flv');
  nginx = await startNginxRtmp();
  fleet = await startFleet({
    config: `stream studio { input publish://; push ${nginx.url}/wide; }`,
    workerEnv: { PUSHFLEET_FLUSH_FRAMES: `${WINDOW}` },
  });
  const waiting = async () => (await fleet.api.pushes({ status: 'waiting' })).length === 1;
  await until(waiting, { what: 'the push to wait for the source' });
  const url = `${fleet.worker('worker-1').rtmpUrl}/live/studio`;
  const publisher = publishClip(url, { seconds: PUBLISHED_SECONDS, copyTo: sent });
  expect(await publisher.exited).toEqual({ code: 0, signal: null });
  const [push] = await fleet.api.pushes();
  await fleet.api.waitForSilence(push!.id);
  await fleet.api.pause(push!.id);
  await until(async () => (await nginx.streams()).length === 0, { what: 'the end of the publication' });
});

afterAll(async () => {
  await fleet?.stop();
  await nginx?.stop();
  await rm(directory, { recursive: true, force: true });
});

describe(`pictures that leave ${WINDOW} at a time`, () => {
  it('come to nginx-rtmp every one, once, with their sound and in their time', async () => {
    const { video, audio } = await compareDelivery(sent, nginx.recording('wide'));
    console.log(JSON.stringify({ video, audio }));
    const whole = { skipped: 0, unfinished: 0, lost: 0, surplus: 0 };
    expect(video).toMatchObject({ ...whole, startsWithKey: true });
    expect(audio).toMatchObject(whole);
    expect(video.received).toBeGreaterThanOrEqual(PUBLISHED_SECONDS * 25);
    expect(Math.max(video.jitterMs, audio.jitterMs)).toBeLessThanOrEqual(1);
    expect(Math.abs(video.shiftMs - audio.shiftMs)).toBeLessThanOrEqual(1);
  });

  it('are what ffprobe and ffmpeg expect', async () => {
    const recording = nginx.recording('wide');
    expect((await probe(recording)).map(({ codec_name }) => codec_name).toSorted()).toEqual(['aac', 'h264']);
    expect(await decodeErrors(recording)).toEqual([]);
    expect((await monotonic(recording)).map(({ nonMonotonic }) => nonMonotonic)).toEqual([0, 0]);
    const { offsetsMs } = await avSync(recording);
    expect(offsetsMs.length).toBeGreaterThan(1);
    for (const offset of offsetsMs.slice(0, -1)) expect(Math.abs(offset)).toBeLessThanOrEqual(MAX_AV_OFFSET_MS);
  });
});
