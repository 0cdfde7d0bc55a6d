import { expect, it } from 'vitest';
import { Peers } from './peers.ts';
import { workerRecord } from './testing/worker-record.ts';

const ids = (count: number) => Array.from({ length: count }, (_, n) => `w${n}`);
const beatOf = (known: readonly string[], dead: readonly string[] = []) => ({
  records: known.map((id) => JSON.stringify(workerRecord(id))),
  members: known.length,
  dead,
});
const own = workerRecord('w0', { held: 7 });

it('of few workers each beat brings all records', () => {
  const peers = new Peers();
  expect(peers.wantsRecords(0)).toBe(true);
  peers.heard(beatOf(ids(10)), 0);
  expect(peers.wantsRecords(1)).toBe(true);
});

it('of many workers records are read the more seldom the more there are, and sooner when workers have come or gone', () => {
  const peers = new Peers();
  peers.heard(beatOf(ids(500)), 0);
  expect(peers.wantsRecords(24_000)).toBe(false);
  expect(peers.wantsRecords(24_500)).toBe(true);
  peers.heard({ records: undefined, members: 501, dead: [] }, 500);
  expect(peers.wantsRecords(4_800)).toBe(false);
  expect(peers.wantsRecords(4_900)).toBe(true);
});

it('who was seen dead is not among the living until records are read again, whoever takes it off the list', () => {
  const peers = new Peers();
  peers.heard(beatOf(ids(3)), 0);
  const living = () => peers.living(own).map(({ id }) => id);
  expect(living()).toEqual(['w0', 'w1', 'w2']);
  peers.heard({ records: undefined, members: 3, dead: ['w1'] }, 500);
  peers.heard({ records: undefined, members: 2, dead: [] }, 1_000);
  expect(living()).toEqual(['w0', 'w2']);
  expect(peers.get('w1')?.id).toBe('w1');
  peers.heard(beatOf(['w0', 'w1']), 1_500); // it is back
  expect(living()).toEqual(['w0', 'w1']);
});

it('knows of itself what is true now, before anything was read too', () => {
  const peers = new Peers();
  expect(peers.living(own)).toEqual([own]);
  peers.heard(beatOf(ids(2)), 0);
  expect(peers.living(own).map(({ held }) => held)).toContain(7);
});
