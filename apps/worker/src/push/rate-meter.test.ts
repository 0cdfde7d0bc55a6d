import { describe, expect, it } from 'vitest';
import { RateMeter } from './rate-meter.ts';

const RATE_BPS = 4_000_000;

/** What is shown each second when so much media leaves at once. */
function shown(burstMs: number, seconds: number): number[] {
  const meter = new RateMeter(burstMs);
  return Array.from({ length: seconds * 10 }, (_, tick) => tick * 100)
    .map((now) => {
      const sentMs = burstMs === 0 ? now : Math.floor(now / burstMs) * burstMs;
      return { now, bps: meter.measure(now, (sentMs * RATE_BPS) / 8_000) };
    })
    .filter(({ now }) => now % 1000 === 0)
    .map(({ bps }) => bps);
}

describe('the bit rate of a push', () => {
  it('is there after half a second', () => {
    const meter = new RateMeter(0);
    expect([meter.measure(0, 0), meter.measure(400, 200_000), meter.measure(600, 300_000)]).toEqual([0, 0, RATE_BPS]);
  });

  it('is that of the media when they leave as they come, and follows within two seconds', () => {
    expect(new Set(shown(0, 20).slice(1))).toEqual(new Set([RATE_BPS]));
    const meter = new RateMeter(0);
    for (let now = 0; now <= 5_000; now += 100) meter.measure(now, (now * RATE_BPS) / 8_000);
    const bytes = (5_000 * RATE_BPS) / 8_000;
    let last = 0;
    for (let now = 5_100; now <= 7_300; now += 100) last = meter.measure(now, bytes);
    expect(last).toBe(0);
  });

  it.each([2_000, 6_000])('is nearly that of the media when segments of %i ms leave at once', (burstMs) => {
    for (const bps of shown(burstMs, 120).slice(30)) {
      expect(bps / RATE_BPS).toBeGreaterThan(0.7);
      expect(bps / RATE_BPS).toBeLessThan(1.3);
    }
  });
});
