import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publishEnhanced } from '../harness/enhanced-rtmp.ts';
import { publishClip, runFfmpeg } from '../harness/ffmpeg.ts';
import { type Fleet, startFleet, type WorkerProcess } from '../harness/fleet.ts';
import {
  type Decoded,
  decode,
  findRun,
  monotonic,
  probe,
  type StreamInfo,
  startsWithKey,
} from '../harness/media-judges.ts';
import { type PushScheme, PushTargets } from '../harness/push-targets.ts';
import { FAULTLESS, judgeTs } from '../harness/ts-judge.ts';
import { until } from '../harness/until.ts';

const CLIP_SECONDS = 10;
const FRAMES_PER_GROUP = 25;
const FRAME_SECONDS = 0.04;

/** How the clip comes to the worker. */
const sources = [
  { name: 'enhanced', by: 'Enhanced RTMP' },
  { name: 'posted', by: 'MPEG-TS from ffmpeg' },
] as const;
/** Where it goes: to whom, how many pictures may be missing at the end (of a segment that is not complete), and how HEVC is announced there. */
const ways = [
  { scheme: 'tshttp', to: 'ffmpeg', keptBack: 0 },
  { scheme: 'm4s', to: 'ffmpeg', keptBack: 0 },
  { scheme: 'hls', to: 'nginx with DAV', keptBack: FRAMES_PER_GROUP },
] as const;
let directory: string;
let clip: string;
let targets: PushTargets;
let fleet: Fleet;
let worker: WorkerProcess;
let sent: Decoded;
/** What players of the worker are told while it runs. */
const played = new Map<string, StreamInfo[]>();

const keyOf = (stream: string, scheme: PushScheme, isLate: boolean) => `${stream}-${scheme}${isLate ? '-late' : ''}`;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pushfleet-hevc-'));
  clip = join(directory, 'clip.mp4');
  const inputs = ['-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=25', '-f', 'lavfi', '-i', 'sine=r=48000'];
  const picture = ['-pix_fmt', 'yuv420p', '-c:v', 'libx265'];
  const groups = ['-x265-params', `keyint=${FRAMES_PER_GROUP}:open-gop=0:bframes=3:log-level=none`];
  await runFfmpeg([...inputs, '-t', `${CLIP_SECONDS}`, ...picture, ...groups, '-c:a', 'aac', '-ac', '2', clip]);
  sent = await decode(clip);
  targets = await PushTargets.start();
  const streams = await Promise.all(
    sources.map(async ({ name }) => {
      const urls = await Promise.all(ways.map(({ scheme }) => targets.open(scheme, keyOf(name, scheme, false))));
      const pushes = urls.map((url) => `push ${url};`).join(' ');
      return `stream ${name} { input publish://; segment_duration 1; segment_count 20; ${pushes} }`;
    }),
  );
  fleet = await startFleet({ config: streams.join('\n') });
  worker = fleet.worker('worker-1');
  const isWaiting = async () => (await fleet.api.pushes({ status: 'waiting' })).length === sources.length * ways.length;
  await until(isWaiting, { what: 'all pushes to wait for their sources' });

  const enhanced = await publishEnhanced(`${worker.rtmpUrl}/live/enhanced`, clip, { rounds: 1 });
  const posted = publishClip(`${worker.httpUrl}/posted/mpegts`, { clip, loop: false });
  await Promise.all(sources.map(({ name }) => joinLate(name)));
  await enhanced.done;
  await posted.exited;
  await fleet.api.pauseInSilence(await fleet.api.pushes());
  await targets.untilGone();
});

afterAll(async () => {
  await fleet?.stop();
  await targets?.stop();
  await rm(directory, { recursive: true, force: true });
});

/** Once nginx has two segments, everybody comes a second time, and players look in. */
async function joinLate(stream: string): Promise<void> {
  const segments = async () => (await targets.store.files(targets.folder(keyOf(stream, 'hls', false)))).length > 2;
  await until(segments, { what: `two segments of ${stream}` });
  const comeLate = ways.map(async ({ scheme }) => {
    const url = await targets.open(scheme, keyOf(stream, scheme, true));
    await fleet.api.createPush({ stream, url });
  });
  const look = ['mpegts', 'm4s'].map(async (format) => {
    played.set(`${stream}/${format}`, await probe(`${worker.httpUrl}/${stream}/${format}`));
  });
  await Promise.all([...comeLate, ...look]);
}

const cases = sources.flatMap(({ name, by }) =>
  ways.flatMap((way) => [false, true].map((isLate) => ({ ...way, name, by, isLate }))),
);

describe.each(cases)(
  'HEVC with AAC from $by by $scheme to $to (late: $isLate)',
  ({ name, scheme, keptBack, isLate }) => {
    const place = () => targets.received(keyOf(name, scheme, isLate));

    it('is decoded to the same pictures without a complaint', async () => {
      const { complaints, pictures, sounds } = await decode(place());
      const run = findRun(pictures, sent.pictures);
      console.log(
        `${keyOf(name, scheme, isLate)}: ${pictures.length} pictures, ${sounds.length} sounds, ${JSON.stringify(run)}`,
      );
      expect(complaints).toEqual([]);
      expect(run).toBeDefined();
      expect(run!.skipped % FRAMES_PER_GROUP).toBe(0);
      expect(run!.left).toBeLessThanOrEqual(keptBack);
      if (isLate) expect(run!.skipped).toBeGreaterThan(0);
      else expect(run!.skipped).toBe(0);
      const soundSeconds = (sounds.length * 1024) / 48_000;
      expect(Math.abs(soundSeconds - pictures.length * FRAME_SECONDS)).toBeLessThan(0.1);
    });

    it('starts with a key picture and goes on evenly', async () => {
      expect(await startsWithKey(place())).toBe(true);
      for (const { kind, nonMonotonic, maxGap } of await monotonic(place())) {
        expect(nonMonotonic, kind).toBe(0);
        expect(maxGap, kind).toBeLessThan(FRAME_SECONDS + 0.002);
      }
    });

    it('is told as what it is', async () => {
      const streams = await probe(place());
      expect(streams.map(({ codec_name }) => codec_name).sort()).toEqual(['aac', 'hevc']);
      expect(streams.find(({ codec_name }) => codec_name === 'hevc')).toMatchObject({ width: 320, height: 180 });
    });
  },
);

describe.each(sources)('HEVC from $by', ({ name }) => {
  it.each([
    ['mpegts', { codec_tag_string: 'HEVC' }], // of the registration descriptor
    ['m4s', { codec_tag_string: 'hvc1' }],
  ])('has the mark that %s wants', (format, mark) => {
    const video = played.get(`${name}/${format}`)!.find(({ codec_type }) => codec_type === 'video');
    expect(video).toMatchObject({ codec_name: 'hevc', ...mark });
  });

  it('is in segments that keep the rules of MPEG-TS', async () => {
    const folder = targets.folder(keyOf(name, 'hls', false));
    const segments = (await targets.store.files(folder)).filter((file) => file.endsWith('.ts'));
    expect(segments.length).toBeGreaterThanOrEqual(CLIP_SECONDS - 1);
    for (const segment of segments) {
      const answer = await request(`${targets.store.url}/${folder}/${segment}`);
      const verdict = judgeTs(Buffer.from(await answer.body.arrayBuffer()));
      expect(verdict).toMatchObject({ ...FAULTLESS, pictures: FRAMES_PER_GROUP, syncPictures: 1 });
      expect(Object.values(verdict.streamTypes).sort()).toEqual(['0x24', '0xf']);
    }
  });
});
