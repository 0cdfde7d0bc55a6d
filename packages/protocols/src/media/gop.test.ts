import { expect, it } from 'vitest';
import { GopCache } from './gop.ts';
import type { Sample } from './sample.ts';
import type { Track } from './track.ts';

const video = { kind: 'video' } as Track;
const audio = { kind: 'audio' } as Track;
const sample = (track: Track, dts: number, isSync = true, sizeBytes = 10): Sample => ({
  track,
  dts,
  pts: dts,
  isSync,
  data: Buffer.alloc(sizeBytes),
});
const dtsOf = (cache: GopCache): number[] => cache.samples.map(({ dts }) => dts);

it('holds everything since the last sync sample of the video track', () => {
  const cache = new GopCache();
  for (const [index, isSync] of [true, false, false, true, false].entries()) {
    cache.push(sample(video, index * 40, isSync));
    cache.push(sample(audio, index * 40 + 1));
  }
  expect(dtsOf(cache)).toEqual([120, 121, 160, 161]);
});

it('holds only the newest sample of a stream without video', () => {
  const cache = new GopCache();
  for (const dts of [0, 21, 42]) cache.push(sample(audio, dts));
  expect(dtsOf(cache)).toEqual([42]);
});

it.each([
  ['bytes', { maxBytes: 25 }],
  ['samples', { maxSamples: 2 }],
])('gives up a group with too many %s and starts again at the next sync sample', (_, limits) => {
  const cache = new GopCache(limits);
  for (const dts of [0, 1, 2, 3]) cache.push(sample(video, dts, dts === 0));
  expect(dtsOf(cache)).toEqual([]);
  cache.push(sample(video, 4));
  expect(dtsOf(cache)).toEqual([4]);
});

it('knows in which memory its samples lie, and in which they do not lie any more', () => {
  const cache = new GopCache();
  const memories = [1, 2, 3].map(() => new ArrayBuffer(40));
  const push = (memory: number, isSync: boolean) => {
    cache.push({ ...sample(video, 0, isSync), data: Buffer.from(memories[memory]!, 0, 10) });
    return memories.map((candidate) => cache.holds(candidate));
  };
  expect(push(0, false)).toEqual([false, false, false]); // of no group
  expect(push(0, true)).toEqual([true, false, false]);
  expect(push(1, false)).toEqual([true, true, false]);
  expect(push(0, false)).toEqual([true, true, false]);
  expect(push(2, true)).toEqual([false, false, true]);
  cache.clear();
  expect(memories.some((memory) => cache.holds(memory))).toBe(false);
});
