import { describe, expect, it } from 'vitest';
import { didYouMean, nearest } from './nearest.ts';

describe('nearest', () => {
  const words = ['retry_timeout', 'retry_limit', 'disabled', 'timeout', 'pool'];

  it.each([
    ['retry_timout', 'retry_timeout'],
    ['retry_limti', 'retry_limit'],
    ['DISABLED', 'disabled'],
    ['timeouts', 'timeout'],
    ['pol', 'pool'],
    ['bitrate', undefined],
    ['', undefined],
    ['x'.repeat(10_000), undefined],
  ])('%s -> %s', (word, expected) => {
    expect(nearest(word, words)).toBe(expected);
  });

  it('says it as a question', () => {
    expect(didYouMean('timeot', words)).toBe("did you mean 'timeout'?");
    expect(didYouMean('bitrate', words)).toBeUndefined();
  });
});
