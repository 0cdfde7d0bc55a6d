import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PushView } from '@pushfleet/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publishEnhanced } from '../harness/enhanced-rtmp.ts';
import { CLIP, type PublishOptions, publishClip, publishHls, serveTsWithFfmpeg } from '../harness/ffmpeg.ts';
import { type Fleet, startFleet } from '../harness/fleet.ts';
import { avSync, decodeErrors, monotonic } from '../harness/media-judges.ts';
import { type NginxDav, startNginxDav } from '../harness/nginx-dav.ts';
import { type NginxRtmp, startNginxRtmp } from '../harness/nginx-rtmp.ts';
import { freePort } from '../harness/ports.ts';
import { until } from '../harness/until.ts';

/** How long a source gives something, and how much of it is before its border. */
const SECONDS = 11;
const BEFORE_BORDER_SECONDS = 6;
/** Sources that are pulled go on; so many frames are beyond the border. */
const ENOUGH_FRAMES = SECONDS * (25 + 48_000 / 1024);
const FRAME_MS = 40;
const GROUP_SECONDS = 2;

/** ffmpeg's times begin so that the border is crossed in the middle. */
const offset = (borderSeconds: number) => ['-output_ts_offset', `${borderSeconds - BEFORE_BORDER_SECONDS}`];
const options = (borderSeconds: number, more: readonly string[] = []): PublishOptions => ({
  seconds: SECONDS,
  output: [...offset(borderSeconds), ...more],
});
const TS_BORDER = 2 ** 33 / 90_000;
/** Fragments that tell their times as they are, and not from 0 on. */
const FRAGMENTED = ['-movflags', '+delay_moov+default_base_moof+frag_discont', '-frag_duration', '200000'];

let directory: string;
let nginx: NginxRtmp;
let store: NginxDav;
let fleet: Fleet;
const pushes = new Map<string, PushView>();

interface Source {
  readonly name: string;
  readonly what: string;
  /** Resolves when it has given everything; one that does not end is stopped in the end. */
  run(urls: { rtmp: string; http: string }): Promise<unknown>;
  /** Where it is pulled from; it is published when there is none. */
  input?(): Promise<string>;
}

const published: readonly Source[] = [
  {
    name: 'rtmp24',
    what: 'RTMP of ffmpeg over 2^24 ms',
    run: ({ rtmp }) => publishClip(`${rtmp}/rtmp24`, options(2 ** 24 / 1000)).exited,
  },
  {
    name: 'rtmp31ffmpeg',
    what: 'RTMP of ffmpeg over 2^31 ms, where it starts again',
    run: ({ rtmp }) => publishClip(`${rtmp}/rtmp31ffmpeg`, options(2 ** 31 / 1000)).exited,
  },
  ...[31, 32].map((bits) => ({
    name: `rtmp${bits}`,
    what: `RTMP of 32 bits over 2^${bits} ms`,
    run: async ({ rtmp }: { rtmp: string }) => {
      const startMs = 2 ** bits - BEFORE_BORDER_SECONDS * 1000;
      await (await publishEnhanced(`${rtmp}/rtmp${bits}`, CLIP, { rounds: 1, startMs })).done;
    },
  })),
  {
    name: 'ts',
    what: 'MPEG-TS by POST over 2^33 / 90000 s',
    run: ({ http }) => publishClip(`${http}/ts/mpegts`, options(TS_BORDER)).exited,
  },
  {
    name: 'mp4',
    what: 'fragmented MP4 by POST over 2^32 ticks of its sound',
    run: ({ http }) => {
      const { output, ...rest } = options(2 ** 32 / 48_000, FRAGMENTED);
      return publishClip(`${http}/mp4/m4s`, { ...rest, format: 'mp4', output: output! }).exited;
    },
  },
];

const pulled: readonly [name: string, what: string][] = [
  ['tspull', 'MPEG-TS over HTTP over 2^33 / 90000 s'],
  ['hlspull', 'HLS over 2^33 / 90000 s'],
];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pushfleet-borders-'));
  nginx = await startNginxRtmp();
  store = await startNginxDav();
  const streams = published.map(({ name }) => `stream ${name} { input publish://; push ${nginx.url}/${name}; }`);
  fleet = await startFleet({ config: streams.join('\n') });
  const isWaiting = async () => (await fleet.api.pushes({ status: 'waiting' })).length === published.length;
  await until(isWaiting, { what: 'all pushes to wait for their sources' });
  await Promise.all([publishAll(), pullTs(), pullHls()]);
});

afterAll(async () => {
  await fleet?.stop();
  await nginx?.stop();
  await store?.stop();
  await rm(directory, { recursive: true, force: true });
});

async function publishAll(): Promise<void> {
  const { rtmpUrl, httpUrl } = fleet.worker('worker-1');
  await Promise.all(published.map((source) => source.run({ rtmp: `${rtmpUrl}/live`, http: httpUrl })));
  const ofPublished = (await fleet.api.pushes()).filter(({ stream }) => published.some(({ name }) => name === stream));
  await Promise.all(ofPublished.map(async ({ id }) => finish(await fleet.api.waitForSilence(id))));
}

async function pullTs(): Promise<void> {
  const url = `http://127.0.0.1:${await freePort()}/live.ts`;
  const server = await serveTsWithFfmpeg(url, offset(TS_BORDER));
  await pull('tspull', url);
  await server.stop();
}

async function pullHls(): Promise<void> {
  const url = `${store.url}/full/source/index.m3u8`;
  const encoder = publishHls(url, offset(TS_BORDER));
  const segments = async () => (await store.files('full/source')).length > 2;
  await until(segments, { what: 'two segments of the source' });
  await pull('hlspull', url);
  await encoder.stop();
}

/** Until there is enough. */
async function pull(name: string, input: string): Promise<void> {
  await fleet.api.putStream(name, { inputs: [input] });
  const { id } = await fleet.api.createPush({ stream: name, url: `${nginx.url}/${name}` });
  const hasEnough = async () => {
    const push = await fleet.api.push(id);
    return push.frames >= ENOUGH_FRAMES && push;
  };
  await finish(await until(hasEnough, { what: `enough frames of ${name}` }));
}

/** nginx closes the recording. */
async function finish(push: PushView): Promise<void> {
  pushes.set(push.stream, push);
  await fleet.api.pause(push.id);
  await nginx.untilGone(push.stream);
}

const cases = [...published.map(({ name, what }) => [name, what] as const), ...pulled];

describe.each(cases)('%s: %s', (name) => {
  it('comes out without a break', async () => {
    const recording = nginx.recording(name);
    const times = await monotonic(recording);
    const told = times.map(
      ({ kind, packets, last, maxGap }) =>
        `${kind}: ${packets} to ${last} s, longest step ${(maxGap * 1000).toFixed(0)} ms`,
    );
    console.log(`${name}: ${told.join('; ')}`);
    expect(await decodeErrors(recording)).toEqual([]);
    for (const { kind, packets, last, nonMonotonic, maxGap } of times) {
      expect(nonMonotonic, kind).toBe(0);
      expect(maxGap * 1000, kind).toBeLessThanOrEqual(FRAME_MS + 2);
      expect(last, kind).toBeGreaterThan(SECONDS - GROUP_SECONDS - 0.5); // a push that was slow to connect begins a group later
      expect(packets / last, kind).toBeCloseTo(kind === 'video' ? 25 : 48_000 / 1024, 0);
    }
  });

  it('has its sound in step before and behind the border', async () => {
    const { flashes, offsetsMs } = await avSync(nginx.recording(name));
    console.log(`${name}: sound later by ${offsetsMs.map((ms) => ms.toFixed(1)).join(' ')} ms`);
    expect(offsetsMs.length).toBeGreaterThanOrEqual(4);
    for (const ms of offsetsMs) expect(Math.abs(ms)).toBeLessThanOrEqual(45);
    const intervals = flashes.slice(1).map((flash, index) => flash - flashes[index]!);
    for (const interval of intervals) expect(interval).toBeCloseTo(2, 2);
  });

  it('is one attempt', () => {
    expect(pushes.get(name)).toMatchObject({ retries_total: 0, failures_in_a_row: 0, dropped_frames: 0 });
  });
});
