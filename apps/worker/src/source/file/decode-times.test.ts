import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecodeTimes, reorderDepth } from './decode-times.ts';

/** In order of decoding: I P B B, and I P B b b, where the first B is referred to. */
const plain = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8];
const pyramid = [0, 4, 2, 1, 3, 8, 6, 5, 7];
const ticks = (order: readonly number[]): number[] => order.map((index) => index * 3600);

function decodeTimes(pts: readonly number[], depth: number): number[] {
  const times = new DecodeTimes<{ pts: number }>(depth);
  const timed = pts.map((time) => times.push({ pts: time }));
  return [...timed, ...times.flush()].filter((picture) => picture !== undefined).map(({ dts }) => dts);
}

describe('reorderDepth', () => {
  it.each([
    ['no B-frames', [0, 1, 2, 3], 0],
    ['B-frames', plain, 1],
    ['B-frames that others refer to', pyramid, 2],
    ['a single picture', [7], 0],
  ])('is found with %s', (_, order, depth) => {
    expect(reorderDepth(ticks(order))).toBe(depth);
  });
});

describe('DecodeTimes', () => {
  it('are the presentation times where nothing is reordered', () => {
    expect(decodeTimes([0, 40, 85, 120], 0)).toEqual([0, 40, 85, 120]);
  });

  it.each([
    [plain, 1],
    [plain, 2],
    [pyramid, 2],
  ])('of %j run evenly, %i pictures ahead', (order, depth) => {
    expect(decodeTimes(ticks(order), depth)).toEqual(ticks(order.map((_, index) => index - depth)));
  });

  it('stay valid where the file reorders deeper than at its start', () => {
    const pts = ticks([0, 1, 2, 3, ...pyramid.map((index) => index + 4)]);
    const dts = decodeTimes(pts, 0);
    expect(dts.every((time, index) => time <= pts[index]! && (index === 0 || time > dts[index - 1]!))).toBe(true);
  });

  it('rise and are never after the presentation, for any times that a decoder could reorder', () => {
    const shuffled = fc
      .tuple(
        fc.array(fc.nat(3), { minLength: 1, maxLength: 200 }),
        fc.array(fc.nat(16), { minLength: 200, maxLength: 200 }),
      )
      .map(([steps, delays]) => {
        let time = 0;
        const presented = steps.map((step) => (time += step * 100 + 50));
        return presented
          .map((pts, index) => ({ pts, rank: index + delays[index]! }))
          .sort((a, b) => a.rank - b.rank)
          .map(({ pts }) => pts);
      });
    fc.assert(
      fc.property(shuffled, fc.nat(4), (pts, depth) => {
        const dts = decodeTimes(pts, depth);
        expect(dts).toHaveLength(pts.length);
        for (const [index, time] of dts.entries()) {
          expect(time).toBeLessThanOrEqual(pts[index]!);
          if (index > 0) expect(time).toBeGreaterThan(dts[index - 1]!);
        }
      }),
    );
  });

  it('refuse a file whose times start again', () => {
    const pts = Array.from({ length: 200 }, (_, index) => (index % 100) * 3600);
    expect(() => decodeTimes(pts, 0)).toThrow('fall back');
  });
});
