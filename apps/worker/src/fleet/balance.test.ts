import type { WorkerRecord } from '@pushfleet/contract';
import { describe, expect, it } from 'vitest';
import { fairConcurrency, poolCapacity } from './balance.ts';

describe('fairConcurrency', () => {
  it.each([
    ['an idle pool leaves room for the first jobs', 0, 1000, 2000, 2],
    ['two equal workers share, with 5 % of slack', 400, 1000, 2000, 210],
    ['a small worker takes its smaller part', 400, 100, 1000, 42],
    ['a lone worker takes everything', 400, 1000, 1000, 420],
    ['capacity is the ceiling', 5000, 1000, 1000, 1000],
    ['capacity of one still works', 10, 1, 1, 1],
  ])('%s', (_case, jobs, capacity, total, expected) => {
    expect(fairConcurrency(jobs, capacity, total)).toBe(expected);
  });
});

describe('poolCapacity', () => {
  it('counts living workers of the pool that take pushes', () => {
    const worker = (id: string, pool: string, state: WorkerRecord['state']) =>
      ({ id, pool, state, capacity: 100 }) as WorkerRecord;
    const workers = [
      worker('a', 'default', 'ready'),
      worker('b', 'default', 'draining'),
      worker('c', 'eu', 'ready'),
      worker('d', 'default', 'ready'),
    ];
    expect(poolCapacity(workers, 'default', ['d'])).toBe(100);
  });
});
