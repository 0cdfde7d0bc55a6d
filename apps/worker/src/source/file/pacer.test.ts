import { expect, it } from 'vitest';
import { Pacer } from './pacer.ts';
import { FakeClock } from './testing/fake-clock.ts';

it('lets the first sample go at once, whatever its time', () => {
  expect(new Pacer(new FakeClock()).delayMs(1e9)).toBe(0);
});

it('counts every due time from the first sample, so that late timers do not add up', () => {
  const clock = new FakeClock();
  const pacer = new Pacer(clock);
  pacer.delayMs(0);
  for (let mediaMs = 20; mediaMs <= 2000; mediaMs += 20) {
    clock.nowMs += pacer.delayMs(mediaMs) + 3; // each timer fires 3 ms late
    expect(pacer.delayMs(mediaMs)).toBe(0);
  }
  expect(clock.nowMs - 5000).toBe(2003);
});

it('waits for samples that are close together once', () => {
  const clock = new FakeClock();
  const pacer = new Pacer(clock);
  pacer.delayMs(0);
  clock.nowMs += pacer.delayMs(1);
  expect([2, 5, 10].map((mediaMs) => pacer.delayMs(mediaMs))).toEqual([0, 0, 0]);
  expect(pacer.delayMs(11)).toBe(10);
});

it('sends what a short halt has held back', () => {
  const clock = new FakeClock();
  const pacer = new Pacer(clock);
  pacer.delayMs(0);
  clock.nowMs += 900;
  expect([100, 500, 900].map((mediaMs) => pacer.delayMs(mediaMs))).toEqual([0, 0, 0]);
  expect(pacer.delayMs(920)).toBe(20);
});

it('sends no more than a second at once after a long halt', () => {
  const clock = new FakeClock();
  const pacer = new Pacer(clock);
  pacer.delayMs(0);
  clock.nowMs += 60_000;
  expect([20, 500, 1020].map((mediaMs) => pacer.delayMs(mediaMs))).toEqual([0, 0, 0]);
  expect(pacer.delayMs(1060)).toBe(40);
});
