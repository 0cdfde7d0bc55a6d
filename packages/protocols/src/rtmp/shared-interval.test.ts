import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { setSharedInterval } from './shared-interval.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

it('has one timer for all of one length, which ends with the last of them', () => {
  const [first, second, other] = [vi.fn(), vi.fn(), vi.fn()];
  const stops = [setSharedInterval(first, 250), setSharedInterval(second, 250), setSharedInterval(other, 100)];
  expect(vi.getTimerCount()).toBe(2);
  vi.advanceTimersByTime(500);
  expect([first, second, other].map((act) => act.mock.calls.length)).toEqual([2, 2, 5]);
  stops[0]!();
  stops[2]!();
  vi.advanceTimersByTime(500);
  expect([first, second, other].map((act) => act.mock.calls.length)).toEqual([2, 4, 5]);
  stops[1]!();
});

it('calls everybody, whoever stops meanwhile', () => {
  const acts: string[] = [];
  const stopFirst = setSharedInterval(() => {
    acts.push('first');
    stopFirst();
  }, 250);
  const stopSecond = setSharedInterval(() => acts.push('second'), 250);
  vi.advanceTimersByTime(500);
  expect(acts).toEqual(['first', 'second', 'second']);
  stopSecond();
});

it('begins anew when all have stopped', () => {
  setSharedInterval(vi.fn(), 250)();
  const act = vi.fn();
  const stop = setSharedInterval(act, 250);
  vi.advanceTimersByTime(250);
  expect(act).toHaveBeenCalledOnce();
  stop();
  stop();
});
