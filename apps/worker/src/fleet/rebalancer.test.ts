import { expect, it } from 'vitest';
import type { PushHolder } from '../push/push-holder.ts';
import type { Pool } from './balance.ts';
import { Rebalancer } from './rebalancer.ts';
import { workerRecord } from './testing/worker-record.ts';

const holder = (connectedAt?: number) =>
  ({ connectedAt: connectedAt === undefined ? undefined : new Date(connectedAt) }) as PushHolder;
const own = workerRecord('own', { held: 10 });
const uneven: Pool = { members: [own, workerRecord('late')], jobs: 10, waiting: 0 };

it('hands over those without a connection first, then those that have been connected last', () => {
  const [old, idle, young] = [holder(1_000), holder(), holder(2_000)];
  const rebalancer = new Rebalancer(60);
  expect(rebalancer.look(own, uneven, [old, idle, young], 0)).toBe(idle);
  expect(rebalancer.look(own, uneven, [old, young], 1_000)).toBe(young);
  expect(rebalancer.look(own, uneven, [old], 2_000)).toBe(old);
});

it('keeps its pace, whenever the beats come', () => {
  const holders = Array.from({ length: 20 }, () => holder(1_000));
  const rebalancer = new Rebalancer(30);
  const movedAtMs: number[] = [];
  for (let nowMs = 0; nowMs < 20_000; nowMs += 499) {
    const moved = rebalancer.look(own, { ...uneven, jobs: 4 }, holders, nowMs);
    if (moved === undefined) continue;
    holders.splice(holders.indexOf(moved), 1);
    movedAtMs.push(nowMs);
  }
  expect(movedAtMs).toHaveLength(10);
  for (const [n, atMs] of movedAtMs.entries()) {
    expect(atMs - n * 2_000).toBeGreaterThanOrEqual(0);
    expect(atMs - n * 2_000).toBeLessThan(499);
  }
});

it('lets a few be on their way at once, and goes on when one of them has left', () => {
  const holders = Array.from({ length: 6 }, (_, n) => holder(1_000 + n));
  const rebalancer = new Rebalancer(60);
  const looks = Array.from({ length: 6 }, (_, n) => rebalancer.look(own, uneven, holders, n * 1_000));
  const [first] = looks;
  expect(looks.map((moved) => moved && holders.indexOf(moved))).toEqual([5, 4, 3, 2, undefined, undefined]);
  const left = holders.filter((it) => it !== first);
  expect(rebalancer.look(own, uneven, left, 6_000)).toBe(holders[1]);
});

it('begins no burst after it has waited', () => {
  const holders = Array.from({ length: 6 }, () => holder(1_000));
  const rebalancer = new Rebalancer(60);
  const looks = [0, 10_000, 10_500, 11_000].map((nowMs) => rebalancer.look(own, uneven, holders, nowMs));
  expect(looks.map((moved) => moved !== undefined)).toEqual([true, true, false, true]);
});

it('does nothing when all is fair, or when it is off', () => {
  const even = { ...uneven, members: [own, workerRecord('late', { held: 10 })], jobs: 20 };
  expect(new Rebalancer(60).look(own, even, [holder()], 0)).toBeUndefined();
  expect(new Rebalancer('off').look(own, uneven, [holder()], 0)).toBeUndefined();
});
