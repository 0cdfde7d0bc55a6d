import type { AudioTrack, Sample, Track, VideoTrack } from '@pushfleet/protocols';
import { afterAll, describe, expect, it } from 'vitest';
import { dtsMs } from './dts-order.ts';
import { loop } from './loop.ts';
import { type MediaFile, openMediaFile } from './media-file.ts';
import { clip, H264, hasMediaTools, MediaFolder, probe } from './testing/media-tools.ts';

const base = { config: Buffer.alloc(0), bitrateBps: 0 };
const videoTrack = (timescale: number): VideoTrack => ({
  ...base,
  kind: 'video',
  codec: 'h264',
  timescale,
  width: 640,
  height: 360,
  frameRate: 25,
});
const audioTrack = (timescale: number): AudioTrack => ({
  ...base,
  kind: 'audio',
  codec: 'aac',
  timescale,
  sampleRate: timescale,
  channels: 2,
});

/** `count` samples from `dts` on, `step` apart; video is presented `lag` after it is decoded. */
const run = (track: Track, count: number, dts: number, step: number, lag = 0): Sample[] =>
  Array.from({ length: count }, (_, index) => ({
    track,
    dts: dts + index * step,
    pts: dts + index * step + lag,
    isSync: track.kind === 'audio' || index === 0,
    data: Buffer.from([index]),
  }));

const fileOf = (...runs: Sample[][]): MediaFile => {
  const samples = runs.flat().sort((a, b) => dtsMs(a) - dtsMs(b));
  const tracks = runs.map(([first]) => first!.track);
  return {
    sizeBytes: 1,
    tracks,
    close: () => {},
    async *samples() {
      yield* samples;
    },
  };
};

type Rounds = Record<'video' | 'audio', Sample[][]>;

/** The first `count` rounds of the endless line, cut by the number of samples that a pass through the file has. */
async function rounds(file: MediaFile, count: number, maxKeptBytes?: number): Promise<Rounds> {
  const size = { video: 0, audio: 0 };
  for await (const { track } of file.samples()) size[track.kind] += 1;
  const found: Rounds = { video: [], audio: [] };
  for await (const sample of loop(file, maxKeptBytes)) {
    const { kind } = sample.track;
    if ((found[kind].at(-1)?.length ?? size[kind]) === size[kind]) found[kind].push([]);
    found[kind].at(-1)!.push(sample);
    if (file.tracks.every((track) => found[track.kind].length > count)) break;
  }
  return { video: found.video.slice(0, count), audio: found.audio.slice(0, count) };
}

/** Start of a round's sound behind the start of its picture, in seconds. */
const offsets = ({ video, audio }: Rounds): number[] =>
  video.map(([picture], index) => {
    const sound = audio[index]![0]!;
    return sound.pts / sound.track.timescale - picture!.pts / picture!.track.timescale;
  });

describe('loop', () => {
  it('goes on without a gap in the longest track', async () => {
    const { audio } = await rounds(
      fileOf(run(videoTrack(12_800), 25, -1024, 512, 1024), run(audioTrack(48_000), 60, -1024, 1024)),
      3,
    );
    const dts = audio.flat().map((sample) => sample.dts);
    const steps = new Set(dts.slice(1).map((time, index) => time - dts[index]!));
    // 12,800 and 48,000 have 1,600 ticks a second in common: 30 ticks of the sound.
    expect(Math.max(...steps) - 1024).toBeLessThan(60);
    expect(Math.min(...steps)).toBe(1024);
  });

  it('begins a round when the last track of the one before has ended', async () => {
    const file = fileOf(run(videoTrack(1000), 25, 0, 40), run(audioTrack(48_000), 75, 800 * 48, 1024));
    const { video, audio } = await rounds(file, 2);
    const endOfSoundMs = (audio[0]!.at(-1)!.pts + 1024) / 48;
    expect(video[1]![0]!.pts).toBe(endOfSoundMs);
  });

  it.each([
    ['common clocks', 12_800, 48_000, 0],
    ['90 kHz', 90_000, 90_000, 0],
    ['a clock of QuickTime that has hardly anything in common with the sound', 2997, 48_000, 1 / 2997],
  ])('has the sound of round 500 where it was in round 1, with %s', async (_, video, audio, tolerance) => {
    const frame = Math.round(video / 29.97);
    const file = fileOf(run(videoTrack(video), 20, 0, frame), run(audioTrack(audio), 30, -1024, 1024));
    const found = offsets(await rounds(file, 500));
    expect(found).toHaveLength(500);
    for (const offset of found) expect(Math.abs(offset - found[0]!)).toBeLessThanOrEqual(tolerance + 1e-6);
  });

  it('mixes the head of a round with the tail of the one before by decode time', async () => {
    const samples: Sample[] = [];
    for await (const sample of loop(
      fileOf(run(videoTrack(90_000), 50, -36_000, 3600, 36_000), run(audioTrack(48_000), 94, 0, 1024)),
    )) {
      samples.push(sample);
      if (samples.length === 1000) break;
    }
    const times = samples.map(dtsMs);
    expect(times.every((time, index) => index === 0 || time >= times[index - 1]!)).toBe(true);
  });

  it('lets no track overlap itself that is decoded longer than it is presented', async () => {
    const [first, ...others] = run(videoTrack(1000), 10, 0, 40);
    const { video } = await rounds(fileOf([{ ...first!, dts: -1000 }, ...others]), 3);
    const inOrder = [...first!.data, ...others.flatMap(({ data }) => [...data])];
    expect(video.map((round) => round.flatMap(({ data }) => [...data]))).toEqual([inOrder, inOrder, inOrder]);
  });

  it('has no negative times', async () => {
    const { audio } = await rounds(fileOf(run(audioTrack(48_000), 10, -48_000_000, 1024)), 1);
    expect(audio[0]![0]!.dts).toBeGreaterThanOrEqual(0);
  });

  it.each([
    ['a still picture with sound', fileOf(run(videoTrack(1000), 1, 0, 0), run(audioTrack(48_000), 50, 0, 1024))],
    ['a still picture alone', fileOf(run(videoTrack(1000), 1, 0, 0))],
  ])('goes round with %s', async (_, file) => {
    const { video } = await rounds(file, 4);
    expect(video.map((round) => round.length)).toEqual([1, 1, 1, 1]);
    const dts = video.flat().map((sample) => sample.dts);
    expect(dts.every((time, index) => index === 0 || time > dts[index - 1]!)).toBe(true);
  });

  it('reports a file without samples instead of going round forever', async () => {
    const file = { ...fileOf(run(audioTrack(48_000), 1, 0, 0)), async *samples() {} };
    await expect(loop(file).next()).rejects.toMatchObject({ code: 'source_lost' });
  });
});

describe.skipIf(!hasMediaTools)('loop of a real file', () => {
  const folder = new MediaFolder();
  afterAll(() => folder[Symbol.dispose]());

  it.each(['mp4', 'mov', 'ts', 'flv', 'mkv'])(
    'of container %s keeps to one rising line over 5 rounds',
    async (name) => {
      const path = folder.make(`line.${name}`, `-i INPUT -t 3 -vf scale=320:180 ${H264} -bf 3 -c:a copy`);
      const packets = probe(path);
      for (const maxKeptBytes of [0, undefined]) {
        const file = await openMediaFile(path);
        const found = await rounds(file, 5, maxKeptBytes);
        file.close();
        for (const kind of ['video', 'audio'] as const) {
          expect(found[kind][0]).toHaveLength(packets[kind].length);
          const bytes = found[kind].map((round) => Buffer.concat(round.map(({ data }) => data)));
          expect(bytes.every((round) => round.equals(bytes[0]!))).toBe(true);
          const samples = found[kind].flat();
          expect(samples.every(({ dts }, index) => index === 0 || dts > samples[index - 1]!.dts)).toBe(true);
          expect(samples.every(({ dts, pts }) => Number.isInteger(dts) && Number.isInteger(pts) && pts >= dts)).toBe(
            true,
          );
          expect(found[kind].map(([first]) => first!.isSync)).toEqual([true, true, true, true, true]);
        }
        expect(new Set(offsets(found).map((offset) => offset.toFixed(9))).size).toBe(1);
      }
    },
  );

  it('adds nothing to a clip whose tracks are equally long', async () => {
    const file = await openMediaFile(clip);
    const found = await rounds(file, 3);
    for (const kind of ['video', 'audio'] as const) {
      const { timescale } = found[kind][0]![0]!.track;
      const dts = found[kind].flat().map((sample) => sample.dts);
      const steps = new Set(dts.slice(1).map((time, index) => (time - dts[index]!) / timescale));
      expect([...steps]).toEqual([kind === 'video' ? 1 / 25 : 1024 / 48_000]);
    }
  });

  it('shares the bytes of a small file between its rounds, and none of the sample objects', async () => {
    const file = await openMediaFile(clip);
    const { video } = await rounds(file, 3);
    expect(video[2]![7]!.data).toBe(video[0]![7]!.data);
    expect(video[2]![7]).not.toBe(video[0]![7]);
    expect(video[2]![7]!.track).toBe(video[0]![7]!.track);
  });

  it('has the sound of round 500 where it was in round 1', async () => {
    const found = offsets(await rounds(await openMediaFile(folder.make('short.mp4', '-i INPUT -t 1 -c copy')), 500));
    expect(found).toHaveLength(500);
    for (const offset of found) expect(offset).toBeCloseTo(found[0]!, 6);
  });
});
