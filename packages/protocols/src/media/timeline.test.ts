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

describe('Timeline', () => {
  it('keeps distances, composition offsets and the relation of audio to video', () => {
    const line = new Timeline();
    const first = line.place(sampleAt(video, 700_000, 80));
    const second = line.place(sampleAt(audio, 700_012));
    const third = line.place(sampleAt(video, 700_040, 120));
    expect(ms(second) - ms(first)).toBe(12);
    expect(ms(third) - ms(first)).toBe(40);
    expect([first.pts - first.dts, third.pts - third.dts]).toEqual([80, 120]);
  });

  it('has no negative times when audio starts before the first picture', () => {
    const line = new Timeline();
    line.place(sampleAt(video, 0));
    expect(line.place(sampleAt(audio, -90)).dts).toBeGreaterThan(0);
  });

  it.each([
    ['fall', 0],
    ['leap', 9_000_000],
  ])('continues one nominal frame after the last sample when the times %s', (_, restartMs) => {
    const line = new Timeline();
    line.place(sampleAt(video, 100_000));
    const last = line.place(sampleAt(video, 100_040));
    const next = line.place(sampleAt(video, restartMs));
    const sound = line.place(sampleAt(audio, restartMs + 21));
    expect(ms(next) - ms(last)).toBe(40);
    expect(ms(sound) - ms(next)).toBeCloseTo(21, 1);
  });

  it('adds the silence that the caller measured, but only at a jump', () => {
    const line = new Timeline();
    const first = line.place(sampleAt(video, 5000));
    const second = line.place(sampleAt(video, 5040), 3000);
    const third = line.place(sampleAt(video, 0), 3000);
    expect(ms(second) - ms(first)).toBe(40);
    expect(ms(third) - ms(second)).toBe(3040);
  });

  it('keeps audio of the old run in its place when video has jumped already', () => {
    const line = new Timeline();
    const oldVideo = line.place(sampleAt(video, 60_000));
    line.place(sampleAt(audio, 59_960));
    const newVideo = line.place(sampleAt(video, 0));
    const straggler = line.place(sampleAt(audio, 59_981.5));
    const newAudio = line.place(sampleAt(audio, 10));
    expect(ms(straggler)).toBeLessThan(ms(oldVideo));
    expect(ms(newAudio) - ms(newVideo)).toBe(10);
  });

  it('does not mistake a new publisher for the old one when its times happen to fit', () => {
    const line = new Timeline();
    const last = line.place(sampleAt(video, 2000));
    line.place(sampleAt(audio, 2000));
    line.restart();
    const first = line.place(sampleAt(video, 4000), 10_000);
    const sound = line.place(sampleAt(audio, 4000));
    expect(ms(first) - ms(last)).toBe(10_040);
    expect(ms(sound)).toBeCloseTo(ms(first), 5);
  });

  it('lets the dts of a track grow strictly when the source steps back a little', () => {
    const line = new Timeline();
    const times = [100, 140, 120, 140, 180].map((dtsMs) => line.place(sampleAt(video, dtsMs)).dts);
    expect(times.map((dts) => dts - times[0]!)).toEqual([0, 40, 41, 42, 80]);
  });

  it('goes on when a track changes its timescale', () => {
    const line = new Timeline();
    const first = line.place(sampleAt(video, 1000));
    const second = line.place(sampleAt({ ...video, timescale: 90_000 }, 1040));
    expect(ms(second) - ms(first)).toBe(40);
  });
});
