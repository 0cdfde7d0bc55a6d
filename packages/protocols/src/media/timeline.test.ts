import { describe, expect, it } from 'vitest';
import type { Sample } from './sample.ts';
import { Timeline } from './timeline.ts';
import type { AudioTrack, Track, VideoTrack } from './track.ts';

const base = { config: Buffer.alloc(0), bitrateBps: 0 };
const video: VideoTrack = {
  ...base,
  kind: 'video',
  codec: 'h264',
  timescale: 1000,
  width: 640,
  height: 360,
  frameRate: 25,
};
const audio: AudioTrack = { ...base, kind: 'audio', codec: 'aac', timescale: 48_000, sampleRate: 48_000, channels: 2 };

const sampleAt = (track: Track, dtsMs: number, compositionMs = 0): Sample => ({
  track,
  dts: (dtsMs * track.timescale) / 1000,
  pts: ((dtsMs + compositionMs) * track.timescale) / 1000,
  isSync: true,
  data: Buffer.alloc(1),
});
const ms = ({ dts, track }: Sample): number => (dts * 1000) / track.timescale;

/** Places a sample that has a place. */
function place(line: Timeline, sample: Sample, silenceMs?: number): Sample {
  const placed = line.place(sample, silenceMs);
  expect(placed).toBeDefined();
  return placed!;
}

describe('Timeline', () => {
  it('keeps distances, composition offsets and the relation of audio to video', () => {
    const line = new Timeline();
    const first = place(line, sampleAt(video, 700_000, 80));
    const second = place(line, sampleAt(audio, 700_012));
    const third = place(line, sampleAt(video, 700_040, 120));
    expect(ms(second) - ms(first)).toBe(12);
    expect(ms(third) - ms(first)).toBe(40);
    expect([first.pts - first.dts, third.pts - third.dts]).toEqual([80, 120]);
  });

  it('has no negative times when audio starts before the first picture', () => {
    const line = new Timeline();
    place(line, sampleAt(video, 0));
    expect(place(line, sampleAt(audio, -90)).dts).toBeGreaterThan(0);
  });

  it.each([
    ['fall', 0],
    ['leap', 9_000_000],
  ])('continues one nominal frame after the last sample when the times %s', (_, restartMs) => {
    const line = new Timeline();
    place(line, sampleAt(video, 100_000));
    const last = place(line, sampleAt(video, 100_040));
    const next = place(line, sampleAt(video, restartMs));
    const sound = place(line, sampleAt(audio, restartMs + 21));
    expect(ms(next) - ms(last)).toBe(40);
    expect(ms(sound) - ms(next)).toBeCloseTo(21, 1);
  });

  it('advances by the silence that the caller measured, but only at a jump', () => {
    const line = new Timeline();
    const first = place(line, sampleAt(video, 5000));
    const second = place(line, sampleAt(video, 5040), 3000);
    const third = place(line, sampleAt(video, 0), 3000);
    expect(ms(second) - ms(first)).toBe(40);
    expect(ms(third) - ms(second)).toBe(3000);
  });

  it('keeps audio of the old run in its place when video has jumped already', () => {
    const line = new Timeline();
    const oldVideo = place(line, sampleAt(video, 60_000));
    place(line, sampleAt(audio, 59_960));
    const newVideo = place(line, sampleAt(video, 0));
    const straggler = place(line, sampleAt(audio, 59_981.5));
    const newAudio = place(line, sampleAt(audio, 10));
    expect(ms(straggler)).toBeLessThan(ms(oldVideo));
    expect(ms(newAudio) - ms(newVideo)).toBe(10);
  });

  it('does not mistake a new publisher for the old one when its times happen to fit', () => {
    const line = new Timeline();
    const last = place(line, sampleAt(video, 2000));
    place(line, sampleAt(audio, 2000));
    line.restart();
    const first = place(line, sampleAt(video, 4000), 10_000);
    const sound = place(line, sampleAt(audio, 4000));
    expect(ms(first) - ms(last)).toBe(10_000);
    expect(ms(sound)).toBeCloseTo(ms(first), 5);
  });

  it('lets the dts of a track grow strictly when the source steps back a little', () => {
    const line = new Timeline();
    const times = [100, 140, 120, 140, 180].map((dtsMs) => place(line, sampleAt(video, dtsMs)).dts);
    expect(times.map((dts) => dts - times[0]!)).toEqual([0, 40, 41, 42, 80]);
  });

  it('goes on when a track changes its timescale', () => {
    const line = new Timeline();
    const first = place(line, sampleAt(video, 1000));
    const second = place(line, sampleAt({ ...video, timescale: 90_000 }, 1040));
    expect(ms(second) - ms(first)).toBe(40);
  });

  it('leaves out sound of a new source that would overlap what was heard of the old one', () => {
    const line = new Timeline();
    place(line, sampleAt(video, 0));
    const lastSound = place(line, sampleAt(audio, 20));
    line.restart();
    const picture = place(line, sampleAt(video, 60_000));
    expect(line.place(sampleAt(audio, 59_900))).toBeUndefined();
    expect(line.place(sampleAt(audio, 59_970))).toBeUndefined();
    const sound = place(line, sampleAt(audio, 60_004));
    expect(ms(sound) - ms(picture)).toBeCloseTo(4, 1);
    expect(ms(sound) - ms(lastSound)).toBeGreaterThan(20);
  });

  it('shows no picture of a new source before the last one of the old source, however that one was reordered', () => {
    const line = new Timeline();
    place(line, sampleAt(video, 0, 80));
    const late = place(line, sampleAt(video, 40, 160));
    line.restart();
    const next = place(line, sampleAt(video, 500, 0));
    expect(next.pts - late.pts).toBe(40);
  });

  it('is not thrown far ahead by one presentation time that cannot be', () => {
    const line = new Timeline();
    const wrong = place(line, sampleAt(video, 0, 95_443_000));
    line.restart();
    expect(ms(place(line, sampleAt(video, 0))) - ms(wrong)).toBeLessThan(2_100);
  });
});

/** A source as encoders make them: pictures in decode order with reordering, sound in frames of 1024, mixed by dts. */
interface Synthetic {
  readonly framesPerSecond: number;
  readonly sampleRate: number;
  readonly videoTimescale: number;
  readonly audioTimescale: number;
  readonly startMs: number;
  /** Pictures between two reference pictures. */
  readonly reordered: number;
  readonly seconds: number;
  /** Media times in ms at which both tracks leave out half a second. */
  readonly gapAtMs?: number;
}

function samplesOf(source: Synthetic): Sample[] {
  const { framesPerSecond, sampleRate, videoTimescale, audioTimescale, startMs, reordered, seconds, gapAtMs } = source;
  const videoTrack: Track = { ...video, timescale: videoTimescale };
  const audioTrack: Track = { ...audio, timescale: audioTimescale, sampleRate };
  const ticks = (timeMs: number, timescale: number) => Math.round(((startMs + timeMs) * timescale) / 1000);
  const frameMs = 1000 / framesPerSecond;
  const soundMs = 1_024_000 / sampleRate;
  const pictures = Array.from({ length: Math.round(seconds * framesPerSecond) }, (_, index) => {
    const place = index % (reordered + 1); // reference picture first, then those shown before it
    const delay = index === 0 || place === 0 ? reordered + (index === 0 ? 0 : reordered) : reordered - 1;
    const dts = ticks(index * frameMs, videoTimescale);
    const pts = ticks((index + (reordered === 0 ? 0 : delay)) * frameMs, videoTimescale);
    return { track: videoTrack, dts, pts, isSync: index === 0, data: Buffer.alloc(1) };
  });
  const sounds = Array.from({ length: Math.round((seconds * 1000) / soundMs) }, (_, index) => {
    const dts = ticks(index * soundMs, audioTimescale);
    return { track: audioTrack, dts, pts: dts, isSync: true, data: Buffer.alloc(1) };
  });
  const isInGap = (sample: Sample) => gapAtMs !== undefined && Math.abs(ms(sample) - startMs - gapAtMs) < 250;
  return [...pictures, ...sounds].filter((sample) => !isInGap(sample)).sort((a, b) => ms(a) - ms(b));
}

const film: Synthetic = {
  framesPerSecond: 25,
  sampleRate: 48_000,
  videoTimescale: 1000,
  audioTimescale: 1000,
  startMs: 0,
  reordered: 0,
  seconds: 3,
};
const ntsc = { ...film, framesPerSecond: 30_000 / 1001, videoTimescale: 90_000, audioTimescale: 90_000 };
const sources: readonly [string, Synthetic][] = [
  ['25 pictures a second and 48 kHz', film],
  ['29.97 and 44.1 kHz with reordered pictures', { ...ntsc, sampleRate: 44_100, reordered: 2, startMs: 86_400_000 }],
  ['25 with reordered pictures and a gap', { ...film, reordered: 3, gapAtMs: 1_500, startMs: 123_456 }],
  [
    '29.97 in its own timescale, 44.1 kHz in samples',
    { ...ntsc, videoTimescale: 30_000, sampleRate: 44_100, audioTimescale: 44_100 },
  ],
];
const pairs = sources.flatMap(([from, a]) => sources.map(([to, b]) => [from, to, a, b] as const));

describe('Timeline from one source to another', () => {
  it.each(pairs)('%s, then %s: decode times grow, and sound keeps its place beside the picture', (_from, _to, a, b) => {
    const line = new Timeline();
    const lastMs = { video: Number.NEGATIVE_INFINITY, audio: Number.NEGATIVE_INFINITY };
    const skewsMs: number[] = [];
    const leapsMs: number[] = [];
    for (const source of [a, b, a]) {
      const shiftMs = { video: Number.NaN, audio: Number.NaN };
      for (const sample of samplesOf(source)) {
        const { kind } = sample.track;
        const placed = line.place(sample);
        if (placed === undefined) continue;
        if (Number.isFinite(lastMs[kind])) leapsMs.push(ms(placed) - lastMs[kind]);
        lastMs[kind] = ms(placed);
        shiftMs[kind] = ms(placed) - ms(sample);
        skewsMs.push(Math.abs(shiftMs.video - shiftMs.audio) || 0);
        expect(placed.pts).toBeGreaterThanOrEqual(placed.dts);
        const shownMs = (placed.pts * 1000) / sample.track.timescale;
        expect(shownMs - (sample.pts * 1000) / sample.track.timescale).toBeCloseTo(shiftMs[kind], 5);
      }
      line.restart();
    }
    expect(Math.min(...leapsMs)).toBeGreaterThan(0);
    expect(Math.max(...leapsMs)).toBeLessThan(800); // the gap, and the reordering of pictures at a switch
    expect(Math.max(...skewsMs)).toBeLessThan(1.1); // rounding to the timescales
  });
});
