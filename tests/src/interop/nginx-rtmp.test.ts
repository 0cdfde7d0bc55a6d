import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PushView } from '@pushfleet/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareDelivery } from '../harness/delivery.ts';
import { publishClip, recordStream } from '../harness/ffmpeg.ts';
import { type Fleet, startFleet } from '../harness/fleet.ts';
import { avSync, decodeErrors, hasPicture, monotonic } from '../harness/media-judges.ts';
import { type NginxRtmp, startNginxRtmp } from '../harness/nginx-rtmp.ts';
import { until } from '../harness/until.ts';

const PUBLISHED_SECONDS = 24;
const PLAYED_SECONDS = 8;
/** Of the clip. */
const GROUP_OF_PICTURES_MS = 2_000;
/** Pictures and sounds. */
const FRAMES_OF_A_GROUP = (GROUP_OF_PICTURES_MS / 1_000) * (25 + 48_000 / 1024);
const MAX_AV_OFFSET_MS = 45;

let nginx: NginxRtmp;
let fleet: Fleet;
let directory: string;
/** What ffmpeg published. */
let sent: string;
/** What ffmpeg played from nginx meanwhile. */
let played: string;
const LATE = ['late1', 'late2', 'late3', 'late4', 'late5'];
/** From the request for each late push to its first picture at nginx, looking included. */
const latePictureMs: number[] = [];
const latePushes: PushView[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pushfleet-interop-'));
  sent = join(directory, 'sent.flv');
  played = join(directory, 'played.flv');
  nginx = await startNginxRtmp();
  const pushes = ['one', 'two', 'three'].map((name) => `push ${nginx.url}/${name};`).join(' ');
  fleet = await startFleet({ config: `stream studio { input publish://; ${pushes} }` });
  const waiting = async () => (await fleet.api.pushes({ status: 'waiting' })).length === 3;
  await until(waiting, { what: 'all pushes to wait for the source' });

  const publisher = publishClip(`${fleet.worker('worker-1').rtmpUrl}/live/studio`, {
    seconds: PUBLISHED_SECONDS,
    copyTo: sent,
  });
  await Promise.all(['one', 'two', 'three'].map((name) => nginx.untilPublished(name)));
  const isUnderWay = async () => (await fleet.api.pushes()).some(({ frames }) => frames > FRAMES_OF_A_GROUP * 1.5);
  await until(isUnderWay, { what: 'the second group of pictures' });
  const player = recordStream(`${nginx.url}/two`, played, PLAYED_SECONDS);
  for (const name of LATE) await addLatePush(name);
  await player;
  expect(await publisher.exited).toEqual({ code: 0, signal: null });
  await endPushes();
});

afterAll(async () => {
  await fleet?.stop();
  await nginx?.stop();
  await rm(directory, { recursive: true, force: true });
});

async function addLatePush(name: string): Promise<void> {
  const since = performance.now();
  const { id } = await fleet.api.createPush({ stream: 'studio', url: `${nginx.url}/${name}` });
  await until(() => hasPicture(nginx.recording(name)), { what: `a picture of ${name}`, everyMs: 10 });
  latePictureMs.push(performance.now() - since);
  latePushes.push(await fleet.api.waitForStatus(id, 'running'));
}

/** Once everything that was published has gone out, the pushes are paused: nginx closes its recordings. */
async function endPushes(): Promise<void> {
  await fleet.api.pauseInSilence(await fleet.api.pushes());
  await until(async () => (await nginx.streams()).length === 0, { what: 'the end of all publications' });
}

describe.each(['one', 'two', 'three'])('push %s of a stream that ffmpeg publishes', (name) => {
  it('brings every packet to nginx once and in its time', async () => {
    const { video, audio } = await compareDelivery(sent, nginx.recording(name));
    console.log(`${name}: ${JSON.stringify({ video, audio })}`);
    const whole = { skipped: 0, unfinished: 0, lost: 0, surplus: 0 };
    expect(video).toMatchObject({ ...whole, startsWithKey: true });
    expect(audio).toMatchObject(whole);
    expect(video.received).toBeGreaterThanOrEqual(PUBLISHED_SECONDS * 25);
    expect(audio.received).toBeGreaterThanOrEqual(PUBLISHED_SECONDS * (48_000 / 1024));
    expect(Math.max(video.jitterMs, audio.jitterMs)).toBeLessThanOrEqual(1);
    expect(Math.abs(video.shiftMs - audio.shiftMs)).toBeLessThanOrEqual(1);
  });

  it('can be decoded without a complaint, in decode times that only grow, with sound and picture together', async () => {
    const { complaints, offsetsMs } = await avSync(nginx.recording(name));
    expect(complaints).toEqual([]);
    const streams = await monotonic(nginx.recording(name));
    console.log(`${name}: ${JSON.stringify(streams)}`);
    expect(streams.map(({ kind, nonMonotonic }) => [kind, nonMonotonic])).toEqual([
      ['video', 0],
      ['audio', 0],
    ]);
    const judged = offsetsMs.slice(0, -1); // the last beep may be cut off by the end of the file
    console.log(`${name}: sound against picture ${judged.map((ms) => ms.toFixed(1))} ms`);
    expect(judged.length).toBeGreaterThanOrEqual(PUBLISHED_SECONDS / 2 - 2);
    for (const offset of judged) expect(Math.abs(offset)).toBeLessThanOrEqual(MAX_AV_OFFSET_MS);
  });
});

describe('a player of nginx', () => {
  it('gets an unbroken stretch of what was published, while it is published', async () => {
    const { video, audio } = await compareDelivery(sent, played);
    console.log(`played: ${JSON.stringify({ video, audio })}`);
    expect(video).toMatchObject({ lost: 0, surplus: 0, startsWithKey: true });
    expect(video.received).toBeGreaterThanOrEqual(PLAYED_SECONDS * 25 - GROUP_OF_PICTURES_MS / 40);
    expect(audio).toMatchObject({ lost: 0, surplus: 0 });
    const { complaints, offsetsMs } = await avSync(played);
    expect(complaints).toEqual([]);
    for (const offset of offsetsMs.slice(0, -1)) expect(Math.abs(offset)).toBeLessThanOrEqual(MAX_AV_OFFSET_MS);
  });
});

describe('a push that is added to a running stream', () => {
  it('shows a picture at the target within one group of pictures', () => {
    console.log(`first picture at nginx after ${latePictureMs.map(Math.round)} ms`);
    expect(Math.max(...latePictureMs)).toBeLessThan(GROUP_OF_PICTURES_MS);
  });

  it('runs at the first attempt', () => {
    const healthy = { status: 'running', retries_total: 0, last_error: null, dropped_frames: 0 };
    expect(latePushes).toMatchObject(LATE.map(() => healthy));
  });

  it.each(LATE)('begins with a sync sample and brings everything from there on: %s', async (name) => {
    const { video, audio } = await compareDelivery(sent, nginx.recording(name));
    console.log(`${name}: ${JSON.stringify({ video, audio })}`);
    const rest = { unfinished: 0, lost: 0, surplus: 0 };
    expect(video).toMatchObject({ ...rest, startsWithKey: true });
    expect(video.skipped).toBeGreaterThan(0);
    expect(audio).toMatchObject(rest);
    expect(Math.abs(video.shiftMs - audio.shiftMs)).toBeLessThanOrEqual(1);
    expect(await decodeErrors(nginx.recording(name))).toEqual([]);
  });
});
