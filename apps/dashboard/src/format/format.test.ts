import { describe, expect, it } from 'vitest';
import { formatBitrate, formatBytes, formatCount, formatPlural } from './bitrate.ts';
import { formatAbsolute, formatAgo, formatCountdown, formatLag, formatSpan, formatUptime } from './time.ts';

describe('a bitrate', () => {
  it.each([
    [0, '–'],
    [Number.NaN, '–'],
    [640, '640 b/s'],
    [64_000, '64.0 kb/s'],
    [999_499, '999 kb/s'],
    [999_500, '1.00 Mb/s'],
    [4_200_000, '4.20 Mb/s'],
    [9_994_000, '9.99 Mb/s'],
    [9_996_000, '10.0 Mb/s'],
    [25_340_000, '25.3 Mb/s'],
    [8_000_000_000, '8.00 Gb/s'],
  ])('of %d b/s is written with three figures: %s', (bps, text) => expect(formatBitrate(bps)).toBe(text));
});

describe('an amount of bytes', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_500, '1.50 kB'],
    [12_345_678, '12.3 MB'],
    [7_200_000_000, '7.20 GB'],
    [1_500_000_000_000, '1.50 TB'],
  ])('of %d has decimal units: %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));
});

describe('a count', () => {
  it('has its thousands apart', () => expect(formatCount(1_234_567)).toBe('1,234,567'));
  it('goes with its noun', () => {
    expect(formatPlural(1, 'push', 'pushes')).toBe('1 push');
    expect(formatPlural(1_200, 'push', 'pushes')).toBe('1,200 pushes');
  });
});

describe('an uptime', () => {
  it.each([
    [-50, '0:00'],
    [7_900, '0:07'],
    [754_000, '12:34'],
    [18_754_000, '5:12:34'],
    [3 * 86_400_000 + 18_754_000, '3d 05:12'],
  ])('of %d ms is %s', (ms, text) => expect(formatUptime(ms)).toBe(text));
});

describe('a span that is over', () => {
  it.each([
    [140, '140 ms'],
    [4_240, '4.2 s'],
    [9_960, '10 s'],
    [200_000, '3 min 20 s'],
    [7_500_000, '2 h 5 min'],
    [90_000_000, '1 d 1 h'],
  ])('of %d ms is %s', (ms, text) => expect(formatSpan(ms)).toBe(text));
});

describe('a moment', () => {
  it.each([
    [-800, 'now'],
    [1_999, 'now'],
    [12_000, '12 s ago'],
    [200_000, '3 min ago'],
    [7_500_000, '2 h ago'],
    [432_000_000, '5 d ago'],
  ])('%d ms in the past is %s', (ms, text) => expect(formatAgo(ms)).toBe(text));

  it.each([
    [3_001, '4 s'],
    [3_000, '3 s'],
    [1, '1 s'],
    [0, '0 s'],
    [-500, '0 s'],
    [65_000, '1:05'],
  ])('%d ms ahead is %s: no zero while there is time left', (ms, text) => expect(formatCountdown(ms)).toBe(text));

  it('is written in full in the time zone of the reader', () => {
    expect(formatAbsolute(new Date(2026, 10, 29, 20, 4, 5, 7).getTime())).toBe('2026-11-29 20:04:05.007');
  });
});

it.each([
  [0, '0 ms'],
  [840, '840 ms'],
  [2_140, '2.1 s'],
])('a lag of %d ms is %s', (ms, text) => expect(formatLag(ms)).toBe(text));
