import { describe, expect, it } from 'vitest';
import { type CutPoint, isCut, limitOf, MAX_SEGMENT_BYTES, targetDurationOf } from './cut.ts';

describe('a segment of 6 s with pictures every 40 ms and a target duration of 8 s', () => {
  const rules = { durationMs: 6000, limitMs: limitOf(8) };
  const point: CutPoint = { lengthMs: 6000, stepMs: 40, isSync: true, isContinuous: true, sizeBytes: 1 };

  it.each<[string, Partial<CutPoint>, boolean]>([
    ['ends at a sync sample when it is long enough', {}, true],
    ['does not end at a sync sample before', { lengthMs: 5960 }, false],
    ['ends half a picture early, because clocks are rounded', { lengthMs: 5981 }, true],
    ['waits for a sync sample', { isSync: false }, false],
    [
      'waits for a sync sample as long as its length can be rounded to the target duration',
      { isSync: false, lengthMs: 8440 },
      false,
    ],
    ['does not wait longer', { isSync: false, lengthMs: 8460 }, true],
    ['ends before a hole, however short it is', { isContinuous: false, lengthMs: 100, isSync: false }, true],
    ['ends when it is too large', { sizeBytes: MAX_SEGMENT_BYTES, lengthMs: 100, isSync: false }, true],
  ])('%s', (_, change, expected) => {
    expect(isCut(rules, { ...point, ...change })).toBe(expected);
  });
});

describe('targetDurationOf', () => {
  it.each([
    [6000, 2000, 8],
    [2000, 2002, 4],
    [6000, 0, 6],
    [6000, 10_000, 16],
    [100, 0, 1],
  ])('of %i ms with groups of %i ms is %i s', (durationMs, groupMs, expected) => {
    expect(targetDurationOf(durationMs, groupMs)).toBe(expected);
  });
});
