import { describe, expect, it } from 'vitest';
import type { Sample } from '../media/sample.ts';
import type { Track } from '../media/track.ts';
import { Interleaver } from './interleaver.ts';

const video = { kind: 'video', timescale: 90_000 } as Track;
const audio = { kind: 'audio', timescale: 48_000 } as Track;
const at = (track: Track, timeMs: number): Sample => {
  const dts = (timeMs * track.timescale) / 1000;
  return { track, dts, pts: dts, isSync: true, data: Buffer.alloc(0) };
};
const timeOf = ({ dts, track }: Sample): number => (dts * 1000) / track.timescale;

function collect() {
  const times: number[] = [];
  const interleaver = new Interleaver((sample) => times.push(timeOf(sample)));
  return { times, interleaver };
}
const isAscending = (times: number[]): boolean =>
  times.every((time, index) => index === 0 || time >= times[index - 1]!);

describe('Interleaver', () => {
  it('lets samples that come in order pass at once', () => {
    const { times, interleaver } = collect();
    for (const [track, timeMs] of [
      [video, 0],
      [audio, 5],
      [audio, 26],
      [video, 40],
      [audio, 47],
      [video, 80],
    ] as const) {
      interleaver.push(at(track, timeMs));
      expect(times.at(-1)).toBe(timeMs);
    }
    expect(interleaver.windowMs).toBe(0);
  });

  it('does not hold anything back for a track that is a few milliseconds late', () => {
    const { times, interleaver } = collect();
    interleaver.push(at(video, 40));
    interleaver.push(at(audio, 33));
    interleaver.push(at(video, 80));
    expect(times).toEqual([40, 33, 80]);
  });

  it('orders the samples of a source whose sound comes 300 ms after its picture', () => {
    const { times, interleaver } = collect();
    for (let timeMs = 0; timeMs < 4000; timeMs += 20) {
      interleaver.push(at(video, timeMs + 300));
      interleaver.push(at(audio, timeMs));
    }
    expect(interleaver.windowMs).toBeGreaterThanOrEqual(300);
    expect(isAscending(times.slice(10))).toBe(true);
  });

  it('orders bursts of sound', () => {
    const { times, interleaver } = collect();
    for (let blockMs = 0; blockMs < 4000; blockMs += 200) {
      for (let timeMs = 0; timeMs < 200; timeMs += 40) interleaver.push(at(video, blockMs + timeMs));
      for (let timeMs = 0; timeMs < 200; timeMs += 20) interleaver.push(at(audio, blockMs + timeMs));
    }
    expect(isAscending(times.slice(20))).toBe(true);
  });

  it('stops waiting when the late track has caught up', () => {
    const { interleaver } = collect();
    interleaver.push(at(video, 500));
    interleaver.push(at(audio, 0));
    for (let timeMs = 500; timeMs < 25_000; timeMs += 40) interleaver.push(at(video, timeMs));
    expect(interleaver.windowMs).toBe(0);
    expect(interleaver.waitingSamples).toBe(0);
  });

  it('lets the end of one line of time go before the beginning of the next', () => {
    const { times, interleaver } = collect();
    const oneLine = () => {
      for (let timeMs = 0; timeMs < 2000; timeMs += 40) {
        interleaver.push(at(video, timeMs));
        if (timeMs >= 280) interleaver.push(at(audio, timeMs - 280));
      }
    };
    oneLine();
    oneLine(); // the same clip again, from its beginning
    interleaver.drain();
    const [first, second] = [times.slice(0, times.length / 2), times.slice(times.length / 2)];
    expect(first.toSorted((a, b) => a - b)).toEqual(second.toSorted((a, b) => a - b));
  });

  it('goes on without a track that has fallen silent', () => {
    const { times, interleaver } = collect();
    interleaver.push(at(video, 300));
    interleaver.push(at(audio, 0));
    for (let timeMs = 340; timeMs < 1000; timeMs += 40) interleaver.push(at(video, timeMs));
    expect(times.at(-1)).toBeGreaterThanOrEqual(640);
    interleaver.drain();
    expect(times.at(-1)).toBe(980);
  });

  it('that awaits all tracks orders the samples of a late one from the first on', () => {
    const { times, interleaver } = collect();
    interleaver.await([video, audio]);
    for (let blockMs = 0; blockMs < 4000; blockMs += 320) {
      for (let timeMs = 0; timeMs < 320; timeMs += 40) interleaver.push(at(video, blockMs + timeMs));
      for (let timeMs = 0; timeMs < 320; timeMs += 20) interleaver.push(at(audio, blockMs + timeMs));
    }
    interleaver.drain();
    expect(times).toHaveLength(13 * 24);
    expect(isAscending(times)).toBe(true);
  });

  it('that awaits all tracks is not misled by a first group that is short', () => {
    const { times, interleaver } = collect();
    interleaver.await([video, audio]);
    let fromMs = 0;
    for (const untilMs of [160, 480, 800, 1120, 1440]) {
      for (let timeMs = fromMs; timeMs < untilMs; timeMs += 40) interleaver.push(at(video, timeMs));
      for (let timeMs = fromMs; timeMs < untilMs; timeMs += 20) interleaver.push(at(audio, timeMs));
      fromMs = untilMs;
    }
    interleaver.drain();
    expect(isAscending(times)).toBe(true);
  });

  it('that awaits tracks lets one pass that is alone', () => {
    const { times, interleaver } = collect();
    interleaver.await([audio]);
    interleaver.push(at(audio, 0));
    expect(times).toEqual([0]);
  });

  it('does not await a track for longer than a second', () => {
    const { times, interleaver } = collect();
    interleaver.await([video, audio]);
    for (let timeMs = 0; timeMs < 1000; timeMs += 40) interleaver.push(at(video, timeMs));
    expect(times).toEqual([]);
    interleaver.push(at(video, 1000));
    expect(times).toHaveLength(26);
    interleaver.push(at(video, 1040));
    expect(times.at(-1)).toBe(1040);
  });

  it('does not await a track while ever more samples come that do not get on', () => {
    const { times, interleaver } = collect();
    interleaver.await([video, audio]);
    for (let count = 0; count < 10_000; count++) interleaver.push(at(video, 0));
    expect(times.length).toBeGreaterThan(7000);
  });
});
