import type { PushRow } from '@pushfleet/contract/live';
import { expect, it } from 'vitest';
import { HISTORY_LENGTH, MetricHistory } from './metric-history.ts';

const rows = (bitrate_bps: number, status: PushRow['status'] = 'running') =>
  new Map([['a', { status, bitrate_bps, lag_ms: 5, queue_bytes: 0 } as PushRow]]);

it('keeps the last minutes in their order when the ring has gone round', () => {
  const history = new MetricHistory();
  for (let second = 0; second < HISTORY_LENGTH + 20; second++) history.sample(second * 1_000, rows(second));
  const { atS, bitrateBps } = history.series('a');
  expect([atS.length, atS[0], atS.at(-1)]).toEqual([HISTORY_LENGTH, 20, HISTORY_LENGTH + 19]);
  expect([bitrateBps[0], bitrateBps.at(-1)]).toEqual([20, HISTORY_LENGTH + 19]);
});

it('has gaps where nothing was known of a push, and no lag where it was not connected', () => {
  const history = new MetricHistory();
  history.sample(0, new Map());
  history.sample(1_000, rows(100));
  history.sample(2_000, rows(0, 'retry'));
  expect(history.series('a')).toEqual({
    atS: [0, 1, 2],
    bitrateBps: [null, 100, 0],
    lagMs: [null, 5, null],
    queueBytes: [null, 0, null],
  });
});

it('forgets a push that is gone', () => {
  const history = new MetricHistory();
  history.sample(0, rows(100));
  history.forget('a');
  expect(history.series('a').bitrateBps).toEqual([null]);
  expect(history.meanBitrateBps('a')).toBeUndefined();
});

it('does not take the past of a push that is gone for that of a later one', () => {
  const history = new MetricHistory();
  history.sample(0, rows(100));
  history.forget('a');
  const [push] = rows(300).values();
  history.sample(1_000, new Map([['b', push!]]));
  expect(history.series('b').bitrateBps).toEqual([null, 300]);
  expect(history.meanBitrateBps('b')).toBe(300);
});
