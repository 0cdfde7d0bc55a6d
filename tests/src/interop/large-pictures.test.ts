import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PushView } from '@pushfleet/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { payloadsOf } from '../harness/enhanced-rtmp.ts';
import { type PublishOptions, publishClip, runFfmpeg } from '../harness/ffmpeg.ts';
import { type Fleet, startFleet } from '../harness/fleet.ts';
import { FRAGMENTED } from '../harness/http-publishers.ts';
import { decode, findRun, monotonic } from '../harness/media-judges.ts';
import { type PushScheme, PushTargets } from '../harness/push-targets.ts';
import { until } from '../harness/until.ts';

const CLIP_SECONDS = 4;
const FRAMES_PER_GROUP = 25;
const FRAME_MS = 40;
const MIB = 1 << 20;

/** Each way in, and the ways out from there; every container is written and read at least once. */
const sources: readonly { name: string; ways: readonly PushScheme[]; path: string; options: PublishOptions }[] = [
  { name: 'rtmp', ways: ['rtmp', 'tshttp', 'hls', 'm4s'], path: '/live/rtmp', options: {} },
  { name: 'mpegts', ways: ['rtmp', 'm4s'], path: '/mpegts/mpegts', options: {} },
  { name: 'mp4', ways: ['rtmp', 'tshttp'], path: '/mp4/m4s', options: { format: 'mp4', output: FRAGMENTED } },
];
const cases = sources.flatMap(({ name, ways }) => ways.map((scheme) => ({ name, scheme })));
const keyOf = (stream: string, scheme: PushScheme) => `${stream}-${scheme}`;

let directory: string;
let clip: string;
let targets: PushTargets;
let fleet: Fleet;
let sentPictures: readonly string[];
/** The pushes, as they were before their end. */
const pushes: PushView[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pushfleet-large-'));
  clip = join(directory, 'clip.mp4');
  await encode();
  sentPictures = (await decode(clip)).pictures;
  targets = await PushTargets.start();
  const streams = await Promise.all(
    sources.map(async ({ name, ways }) => {
      const urls = await Promise.all(ways.map((scheme) => targets.open(scheme, keyOf(name, scheme))));
      const lines = urls.map((url) => `push ${url};`).join(' ');
      return `stream ${name} { input publish://; segment_duration 1; segment_count 10; ${lines} }`;
    }),
  );
  fleet = await startFleet({ config: streams.join('\n') });
  const isWaiting = async () => (await fleet.api.pushes({ status: 'waiting' })).length === cases.length;
  await until(isWaiting, { what: 'all pushes to wait for their sources' });
  const { rtmpUrl, httpUrl } = fleet.worker('worker-1');
  const publishers = sources.map(({ name, path, options }) =>
    publishClip(`${name === 'rtmp' ? rtmpUrl : httpUrl}${path}`, { ...options, clip, loop: false }),
  );
  for (const publisher of publishers) await publisher.exited;
  pushes.push(...(await fleet.api.pauseInSilence(await fleet.api.pushes())));
  await targets.untilGone();
}, 300_000);

afterAll(async () => {
  await fleet?.stop();
  await targets?.stop();
  await rm(directory, { recursive: true, force: true });
});

/** 3840x2160, 20 Mb/s: noise that stands still makes sync samples large, a small moving picture makes each one different. */
async function encode(): Promise<void> {
  const picture =
    'color=gray:s=3840x2160:r=25,noise=c0s=16[still];testsrc2=s=1280x720:r=25[moving];[still][moving]overlay';
  const inputs = ['-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', 'sine=r=48000', '-t', `${CLIP_SECONDS}`];
  const encoder = [
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-tune',
    'zerolatency',
    '-pix_fmt',
    'yuv420p',
    '-qp',
    '27',
  ];
  const groups = ['-g', `${FRAMES_PER_GROUP}`, '-sc_threshold', '0'];
  await runFfmpeg([...inputs, ...encoder, ...groups, '-c:a', 'aac', '-ac', '2', clip], 180_000);
}

describe('a stream of 4K pictures at 20 Mb/s', () => {
  it('has sync samples of more than a mebibyte', async () => {
    const pictures = await payloadsOf(clip, 'video');
    const largest = pictures.filter(({ length }) => length > MIB).map(({ length }) => length);
    const bitrateBps = (pictures.reduce((sum, { length }) => sum + length, 0) * 8) / CLIP_SECONDS;
    console.log(`${(bitrateBps / 1e6).toFixed(1)} Mb/s, ${largest.length} sync samples of ${largest.join(', ')} bytes`);
    expect(largest).toHaveLength(CLIP_SECONDS);
    expect(bitrateBps).toBeGreaterThan(19e6);
  });

  it.each(cases)('comes in by $name and goes out by $scheme picture for picture', async ({ name, scheme }) => {
    const place = targets.received(keyOf(name, scheme));
    const { complaints, pictures } = await decode(place);
    const run = findRun(pictures, sentPictures);
    const times = await monotonic(place);
    const told = times.map(
      ({ kind, packets, maxGap }) => `${packets} of ${kind}, longest step ${(maxGap * 1000).toFixed(1)} ms`,
    );
    console.log(`${keyOf(name, scheme)}: ${told.join('; ')}; ${JSON.stringify(run)}`);
    expect(complaints).toEqual([]);
    expect(run!.skipped % FRAMES_PER_GROUP).toBe(0); // it has started with a whole group
    expect(run!.left).toBeLessThanOrEqual(scheme === 'hls' ? FRAMES_PER_GROUP : 0);
    expect(pictures.length).toBeGreaterThanOrEqual(2 * FRAMES_PER_GROUP);
    for (const { kind, nonMonotonic, maxGap } of times) {
      expect(nonMonotonic, kind).toBe(0);
      expect(maxGap * 1000, kind).toBeLessThanOrEqual(FRAME_MS + 2);
    }
  });

  it('is too fast for no target, and each had one attempt', () => {
    expect(pushes).toHaveLength(cases.length);
    for (const { url, ...push } of pushes) {
      expect(push, url).toMatchObject({ dropped_frames: 0, retries_total: 0, failures_in_a_row: 0 });
    }
  });
});
