import { describe, expect, it } from 'vitest';
import { count, formatBitrate, formatBytes, formatCountdown, formatDuration, formatRetries } from './format.ts';

describe('quantities', () => {
  it.each([
    [0, ''],
    [999, '999 b/s'],
    [1000, '1.00 kb/s'],
    [4_024_000, '4.02 Mb/s'],
    [99_960, '100 kb/s'],
    [999_600, '1.00 Mb/s'],
    [12_345_678_900, '12.3 Gb/s'],
  ])('shows %i b/s as %j', (bps, text) => expect(formatBitrate(bps)).toBe(text));

  it('counts bytes in thousands', () => expect(formatBytes(1_048_576)).toBe('1.05 MB'));

  it.each([
    [0, '0 s'],
    [-5, '0 s'],
    [59_400, '59 s'],
    [60_000, '1 min'],
    [200_000, '3 min 20 s'],
    [18_420_000, '5 h 7 min'],
    [187_200_000, '2 d 4 h'],
  ])('shows %i ms as %j', (ms, text) => expect(formatDuration(ms)).toBe(text));

  it('counts down to the next attempt and says when it is due', () => {
    const now = Date.parse('2026-01-01T00:00:00Z');
    expect(formatCountdown('2026-01-01T00:00:04Z', now)).toBe('in 4 s');
    expect(formatCountdown('2026-01-01T00:00:00Z', now)).toBe('now');
    expect(formatCountdown(null, now)).toBe('');
  });

  it('shows retries only while there are some', () => {
    expect(formatRetries(0, 5)).toBe('');
    expect(formatRetries(2, 5)).toBe('2/5');
    expect(formatRetries(7, null)).toBe('7/∞');
  });

  it('agrees noun and number', () => {
    expect([count(1, 'push', 'pushes'), count(0, 'push', 'pushes'), count(2, 'worker')]).toEqual([
      '1 push',
      '0 pushes',
      '2 workers',
    ]);
  });
});
