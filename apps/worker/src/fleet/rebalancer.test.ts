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

it('hands over one at a time, at its pace, and never before the last one has left', () => {
  const [first, second] = [holder(2_000), holder(1_000)];
  const rebalancer = new Rebalancer(6);
  expect(rebalancer.look(own, uneven, [first, second], 0)).toBe(first);
  expect(rebalancer.look(own, uneven, [second], 9_999)).toBeUndefined();
  expect(rebalancer.look(own, uneven, [first, second], 10_000)).toBeUndefined();
  expect(rebalancer.look(own, uneven, [second], 10_500)).toBe(second);
});

it('does nothing when all is fair, or when it is off', () => {
  const even = { ...uneven, members: [own, workerRecord('late', { held: 10 })], jobs: 20 };
  expect(new Rebalancer(60).look(own, even, [holder()], 0)).toBeUndefined();
  expect(new Rebalancer('off').look(own, uneven, [holder()], 0)).toBeUndefined();
});
