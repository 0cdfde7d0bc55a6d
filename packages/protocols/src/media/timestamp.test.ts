import { describe, expect, it } from 'vitest';
import { RTMP_CLOCK, rescale, TimestampUnwrapper } from './timestamp.ts';

describe('rescale', () => {
  it.each([
    [90_000, 90_000, 1000, 1000],
    [3003, 90_000, 1000, 33],
    [1024, 44_100, 1000, 23],
    [-1024, 48_000, 1000, -21],
    [33, 1000, 90_000, 2970],
  ])('turns %i ticks at %i Hz into ticks at %i Hz: %i', (ticks, from, to, expected) => {
    expect(rescale(ticks, from, to)).toBe(expected);
  });

  it('stays exact for a stream that has run for thirty years', () => {
    const seconds = 30 * 365 * 86_400;
    expect(rescale(seconds * 90_000 + 45, 90_000, 1_000_000)).toBe(seconds * 1_000_000 + 500);
  });
});

describe('TimestampUnwrapper', () => {
  const unwrapAll = (times: number[]): number[] => {
    const unwrapper = new TimestampUnwrapper(RTMP_CLOCK);
    return times.map((time) => unwrapper.unwrap(time));
  };

  it('continues over 2^31 when the sender counts in 31 bits, as ffmpeg does', () => {
    expect(unwrapAll([2_147_475_941, 3053])).toEqual([2_147_475_941, 2 ** 31 + 3053]);
  });

  it('continues over 2^31 unchanged when the sender counts in 32 bits', () => {
    expect(unwrapAll([2 ** 31 - 20, 2 ** 31 + 20])).toEqual([2 ** 31 - 20, 2 ** 31 + 20]);
  });

  it('continues over 2^32, and over it again', () => {
    const times = unwrapAll([2 ** 32 - 40, 0, 2 ** 32 - 40, 5]);
    expect(times).toEqual([2 ** 32 - 40, 2 ** 32, 2 ** 32 - 40, 2 ** 32 + 5]);
    const long = unwrapAll([2 ** 32 - 40, 0, 2 ** 20, 2 ** 32 - 1, 10]);
    expect(long.at(-1)).toBe(2 * 2 ** 32 + 10);
  });

  it('places audio from before the wrap that comes after video from behind it', () => {
    expect(unwrapAll([2 ** 31 - 10, 5, 2 ** 31 - 3, 25])).toEqual([
      2 ** 31 - 10,
      2 ** 31 + 5,
      2 ** 31 - 3,
      2 ** 31 + 25,
    ]);
  });

  it('passes small backward steps through', () => {
    expect(unwrapAll([1000, 980, 1020])).toEqual([1000, 980, 1020]);
    expect(unwrapAll([10, 0, 30])).toEqual([10, 0, 30]);
  });

  it('does not take the restart of a sender for a wrap', () => {
    expect(unwrapAll([7_200_000, 0, 40])).toEqual([7_200_000, 0, 40]);
    expect(unwrapAll([2 ** 31 + 500_000, 0])).toEqual([2 ** 31 + 500_000, 0]);
  });
});
