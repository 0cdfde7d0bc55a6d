import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Sample } from '../media/sample.ts';
import type { AudioTrack, Track, VideoTrack } from '../media/track.ts';
import { Pacer } from './player-pacer.ts';

const base = { config: Buffer.alloc(0), bitrateBps: 0 };
const video: VideoTrack = {
  ...base,
  kind: 'video',
  codec: 'h264',
  timescale: 90_000,
  width: 1,
  height: 1,
  frameRate: 25,
};
const audio: AudioTrack = { ...base, kind: 'audio', codec: 'aac', timescale: 48_000, sampleRate: 48_000, channels: 2 };

const at = (track: Track, timeMs: number): Sample => {
  const dts = Math.round((timeMs * track.timescale) / 1000);
  return { track, dts, pts: dts, isSync: true, data: Buffer.alloc(1) };
};
/** A second of pictures from `startMs` on. */
const second = (startMs: number, track: Track = video) =>
  Array.from({ length: 25 }, (_, n) => at(track, startMs + n * 40));

function open() {
  const left: { readonly kind: string; readonly at: number; readonly dtsMs: number }[] = [];
  const tracks: string[] = [];
  const pacer = new Pacer({
    tracks: (list) => void tracks.push(list.map(({ codec }) => codec).join()),
    sample: ({ track, dts }) =>
      void left.push({ kind: track.kind, at: performance.now(), dtsMs: (dts * 1000) / track.timescale }),
  });
  return { pacer, left, tracks, times: () => left.map((sample) => Math.round(sample.at - left[0]!.at)) };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('Pacer', () => {
  it('lets a segment that came at once go in the time that it lasts', async () => {
    const { pacer, times } = open();
    const rendition = pacer.addRendition(['video', 'audio']);
    rendition.tracks([video]);
    rendition.startSegment(0);
    for (const sample of second(5_000)) rendition.sample(sample);
    await vi.advanceTimersByTimeAsync(2_000);
    for (const [index, time] of times().entries()) expect(Math.abs(time - index * 40)).toBeLessThanOrEqual(12);
    expect(times()).toHaveLength(25);
  });

  it('begins when all renditions have begun, and mixes them by time', async () => {
    const { pacer, left, tracks } = open();
    const [pictures, sounds] = [pacer.addRendition(['video']), pacer.addRendition(['audio'])];
    pictures.tracks([video]);
    pictures.startSegment(0);
    for (const sample of second(0)) pictures.sample(sample);
    await vi.advanceTimersByTimeAsync(500);
    expect(left).toEqual([]);
    sounds.tracks([audio]);
    sounds.startSegment(0);
    for (let n = 0; n < 47; n++) sounds.sample(at(audio, n * 21.333));
    await vi.advanceTimersByTimeAsync(1_500);
    expect(tracks).toEqual(['h264,aac']);
    expect(left.map(({ dtsMs }) => dtsMs)).toEqual(left.map(({ dtsMs }) => dtsMs).toSorted((a, b) => a - b));
    expect(left).toHaveLength(72);
  });

  it('has room for one segment beside the one that leaves', async () => {
    const { pacer } = open();
    const rendition = pacer.addRendition(['video']);
    rendition.tracks([video]);
    const roomAt: number[] = [];
    const startedAt = performance.now();
    const fill = async () => {
      for (let n = 0; n < 4; n++) {
        rendition.startSegment(0);
        for (const sample of second(n * 1_000)) rendition.sample(sample);
        await rendition.room();
        roomAt.push(performance.now() - startedAt);
      }
    };
    const filled = fill();
    await vi.advanceTimersByTimeAsync(5_000);
    await filled;
    expect(roomAt.map((time) => Math.round(time / 1_000))).toEqual([0, 0, 1, 2]);
  });

  it('does not hurry after it has run dry', async () => {
    const { pacer, times } = open();
    const rendition = pacer.addRendition(['video']);
    rendition.tracks([video]);
    rendition.startSegment(0);
    for (const sample of second(0)) rendition.sample(sample);
    await vi.advanceTimersByTimeAsync(5_000);
    rendition.startSegment(0);
    for (const sample of second(1_000)) rendition.sample(sample);
    await vi.advanceTimersByTimeAsync(2_000);
    const late = times().slice(25);
    expect(late[0]).toBeGreaterThan(4_900);
    expect(late.at(-1)! - late[0]!).toBeGreaterThan(940);
  });

  it('puts what follows a break behind what was before, for both renditions', async () => {
    const { pacer, left } = open();
    const [pictures, sounds] = [pacer.addRendition(['video']), pacer.addRendition(['audio'])];
    pictures.tracks([video]);
    sounds.tracks([audio]);
    const play = (epoch: number, startMs: number) => {
      for (const [rendition, track] of [
        [pictures, video],
        [sounds, audio],
      ] as const) {
        rendition.startSegment(epoch);
        for (const sample of second(startMs, track)) rendition.sample(sample);
      }
    };
    play(4, 700_000);
    play(5, 0);
    await vi.advanceTimersByTimeAsync(3_000);
    for (const kind of ['video', 'audio']) {
      const times = left.filter((sample) => sample.kind === kind).map(({ dtsMs }) => dtsMs);
      expect(times).toHaveLength(50);
      for (const [index, time] of times.slice(1).entries()) expect(time - times[index]!).toBeCloseTo(40, 0);
    }
  });

  it('goes a little faster when it is told to', async () => {
    const { pacer, times } = open();
    const rendition = pacer.addRendition(['video']);
    rendition.tracks([video]);
    rendition.startSegment(0);
    for (let n = 0; n < 10; n++) for (const sample of second(n * 1_000)) rendition.sample(sample);
    await vi.advanceTimersByTimeAsync(1_000);
    pacer.speed = 1.05;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(times().at(-1)).toBeGreaterThan(1_000 + 8_960 / 1.05 - 100);
    expect(times().at(-1)).toBeLessThan(1_000 + 8_960 / 1.05 + 100);
  });

  it('says when everything has left', async () => {
    const { pacer, left } = open();
    const rendition = pacer.addRendition(['video']);
    rendition.tracks([video]);
    rendition.startSegment(0);
    for (const sample of second(0)) rendition.sample(sample);
    rendition.end();
    let isDrained = false;
    void pacer.drained.then(() => {
      isDrained = true;
    });
    await vi.advanceTimersByTimeAsync(900);
    expect(isDrained).toBe(false);
    await vi.advanceTimersByTimeAsync(200);
    expect([isDrained, left.length, vi.getTimerCount()]).toEqual([true, 25, 0]);
  });

  it('does not hold up who still reads a stretch that is over for the other rendition', async () => {
    const { pacer } = open();
    const [pictures, sounds] = [pacer.addRendition(['video']), pacer.addRendition(['audio'])];
    sounds.startSegment(0);
    sounds.sample(at(audio, 0));
    pictures.startSegment(1);
    pictures.sample(at(video, 0));
    await vi.advanceTimersByTimeAsync(100);
    let segments = 0;
    void (async () => {
      for (; segments < 5; segments++) {
        sounds.startSegment(0);
        sounds.sample(at(audio, segments * 1000));
        await sounds.room();
      }
    })();
    await vi.advanceTimersByTimeAsync(100);
    expect(segments).toBe(5);
  });

  it('hands what its listener throws to whoever waits for the end', async () => {
    const sample = vi.fn(({ dts }: Sample) => {
      if (dts > 90_000 * 1.5) throw new Error('no room');
    });
    const pacer = new Pacer({ tracks: () => {}, sample });
    const rendition = pacer.addRendition(['video']);
    rendition.startSegment(0);
    const failed = expect(pacer.drained).rejects.toThrow('no room');
    for (const picture of second(0)) rendition.sample(picture);
    await vi.advanceTimersByTimeAsync(2_000);
    await failed;
    expect(sample).toHaveBeenCalledTimes(14);
  });
});
