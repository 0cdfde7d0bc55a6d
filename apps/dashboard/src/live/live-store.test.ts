import type { FleetSummary, LiveSnapshot, PushRow, StreamRow } from '@pushfleet/contract/live';
import { pushColumns } from '@pushfleet/contract/live';
import { describe, expect, it, vi } from 'vitest';
import { LiveStore } from './live-store.ts';

const cells = (row: Partial<PushRow>) => pushColumns.map((column) => row[column] ?? null);
const fleet = (at = '2026-11-29T20:00:00Z', egress_bps = 0) => ({ at, egress_bps }) as FleetSummary;
const snapshot = (...rows: Partial<PushRow>[]): LiveSnapshot => ({
  cursor: '1-0',
  columns: pushColumns,
  pushes: rows.map(cells),
  streams: [{ name: 'news' } as StreamRow],
  workers: [],
  drains: [],
  fleet: fleet(),
});
const a = { row: 0, id: 'a', stream: 'news', status: 'running', bitrate_bps: 100 } as const;
const b = { row: 1, id: 'b', stream: 'news', status: 'retry', bitrate_bps: 0 } as const;

function storeWith(...rows: Partial<PushRow>[]): LiveStore {
  const store = new LiveStore();
  store.apply([['snapshot', snapshot(...rows)]]);
  return store;
}

describe('the live store', () => {
  it('replaces the rows that change and leaves the others the same object', () => {
    const store = storeWith(a, b);
    const [rowA, rowB] = [store.rows.get('a'), store.rows.get('b')];
    store.apply([['rows', { removed: [], added: [], changed: [{ columns: ['bitrate_bps'], rows: [[0, 250]] }] }]]);
    expect(store.rows.get('a')).toEqual({ ...rowA, bitrate_bps: 250 });
    expect(rowA?.bitrate_bps).toBe(100);
    expect(store.rows.get('b')).toBe(rowB);
  });

  it('tells once of many messages, and only those who look at what has changed', () => {
    const store = storeWith(a, b);
    const [toldA, toldB, toldStream, toldRows] = [vi.fn(), vi.fn(), vi.fn(), vi.fn()];
    store.topics.subscribeRow('a', toldA);
    store.topics.subscribeRow('b', toldB);
    store.topics.subscribeStream('news', toldStream);
    store.topics.subscribe('rows', toldRows);
    const change = { removed: [], added: [], changed: [{ columns: ['bitrate_bps' as const], rows: [[0, 1]] }] };
    store.apply([
      ['rows', change],
      ['rows', change],
    ]);
    expect([toldA, toldB, toldStream, toldRows].map(({ mock }) => mock.calls.length)).toEqual([1, 0, 1, 1]);
  });

  it('adds and removes rows, and a number may be used again', () => {
    const store = storeWith(a, b);
    store.apply([['rows', { removed: [0], added: [], changed: [] }]]);
    expect(store.pushesOf('news').map(({ id }) => id)).toEqual(['b']);
    store.apply([['rows', { removed: [], added: [cells({ ...a, id: 'c' })], changed: [] }]]);
    store.apply([['rows', { removed: [], added: [], changed: [{ columns: ['status'], rows: [[0, 'stalled']] }] }]]);
    expect(store.pushesOf('news').map(({ id, status }) => [id, status])).toEqual([
      ['b', 'retry'],
      ['c', 'stalled'],
    ]);
  });

  it('gives the same list of pushes of a stream until one of them changes', () => {
    const store = storeWith(a, b);
    const before = store.pushesOf('news');
    expect(store.pushesOf('news')).toBe(before);
    store.apply([['rows', { removed: [], added: [], changed: [{ columns: ['lag_ms'], rows: [[1, 5]] }] }]]);
    expect(store.pushesOf('news')).not.toBe(before);
  });

  it('forgets everything with a new snapshot, and tells everybody', () => {
    const store = storeWith(a, b);
    const told = vi.fn();
    store.topics.subscribeRow('b', told);
    store.apply([['snapshot', snapshot({ ...a, row: 5 })]]);
    expect([...store.rows.keys()]).toEqual(['a']);
    expect(told).toHaveBeenCalledOnce();
    store.apply([['rows', { removed: [], added: [], changed: [{ columns: ['lag_ms'], rows: [[5, 7]] }] }]]);
    expect(store.rows.get('a')?.lag_ms).toBe(7);
  });

  it('ignores a change of a row that is gone', () => {
    const store = storeWith(a);
    store.apply([['rows', { removed: [9], added: [], changed: [{ columns: ['lag_ms'], rows: [[9, 7]] }] }]]);
    expect(store.rows.size).toBe(1);
  });

  it('stops telling who has left', () => {
    const store = storeWith(a);
    const told = vi.fn();
    store.topics.subscribeRow('a', told)();
    store.apply([['rows', { removed: [], added: [], changed: [{ columns: ['lag_ms'], rows: [[0, 7]] }] }]]);
    expect(told).not.toHaveBeenCalled();
  });

  it('keeps the newest events first', () => {
    const store = new LiveStore();
    const event = (id: string) => ({ id, event: 'push_started' as const, at: '' });
    store.apply([['events', { events: [event('1'), event('2')] }]]);
    store.apply([['events', { events: [event('3')] }]]);
    expect(store.events.map(({ id }) => id)).toEqual(['3', '2', '1']);
  });

  it('has a past of every push, a point a second', () => {
    const store = storeWith(a, b);
    store.apply([['rows', { removed: [], added: [], changed: [{ columns: ['bitrate_bps'], rows: [[0, 300]] }] }]]);
    store.apply([['fleet', fleet('2026-11-29T20:00:01Z', 300)]]);
    expect(store.metrics.series('a').bitrateBps).toEqual([100, 300]);
    expect(store.metrics.series('b').lagMs).toEqual([null, null]);
    expect(store.metrics.meanBitrateBps('a')).toBe(200);
    expect(store.egress).toEqual([0, 300]);
  });

  it('counts time by the clock of the scheduler', () => {
    vi.useFakeTimers({ now: new Date('2026-11-29T20:00:00Z') });
    const store = new LiveStore();
    store.apply([['fleet', fleet('2026-11-29T20:03:00Z')]]);
    expect(store.clockOffsetMs).toBe(180_000);
    vi.useRealTimers();
  });
});
