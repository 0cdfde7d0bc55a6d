import type { WorkerRecord } from '@pushfleet/contract';
import { describe, expect, it } from 'vitest';
import { fairConcurrency, fairDensity, hasExcess, type Pool } from './balance.ts';
import { workerRecord } from './testing/worker-record.ts';

const own = (record: Partial<WorkerRecord> = {}) => workerRecord('own', record);
const other = (id: string, record: Partial<WorkerRecord> = {}) => workerRecord(id, record);
const pool = (jobs: number, members: WorkerRecord[], waiting = 0): Pool => ({ members, jobs, waiting });

describe('fairDensity', () => {
  it.each<[string, number, WorkerRecord[], number]>([
    ['shares what there is by capacity', 60, [own(), other('b', { capacity: 200 })], 0.2],
    ['counts no worker that is to leave', 50, [own(), other('b', { state: 'draining', held: 20 })], 0.5],
    ['leaves a full worker what it holds', 50, [own(), other('b', { fullCause: 'cpu', held: 20 })], 0.3],
    ['counts a full worker that asks for itself', 50, [own({ fullCause: 'cpu' }), other('b')], 0.25],
    ['is nothing when the full ones hold more than there is', 5, [own(), other('b', { fullCause: 'cpu', held: 9 })], 0],
  ])('%s', (_case, jobs, members, density) => {
    expect(fairDensity(members[0]!, pool(jobs, members))).toBeCloseTo(density);
  });
});

describe('fairConcurrency', () => {
  it.each<[string, number, WorkerRecord[], number]>([
    ['an idle pool leaves room for the first job', 0, [own(), other('b')], 1],
    ['while another has room below its share, this one keeps to its own', 100, [own({ held: 60 }), other('b')], 50],
    ['with all at their share, there is a little room for what comes', 100, [own(), other('b', { held: 50 })], 53],
    ['a small worker takes its smaller part', 110, [own({ capacity: 10 }), other('b')], 10],
    ['a lone worker takes everything', 90, [own()], 95],
    ['capacity is the ceiling', 5000, [own(), other('b')], 100],
    ['capacity of one still works', 1, [own({ capacity: 1 }), other('b')], 1],
    ['a full worker leaves its part to the others', 100, [own(), other('b', { fullCause: 'egress', held: 10 })], 95],
  ])('%s', (_case, jobs, members, expected) => {
    expect(fairConcurrency(members[0]!, pool(jobs, members), false)).toBe(expected);
  });

  it('takes whatever it can when those with room do not', () => {
    expect(fairConcurrency(own({ held: 50 }), pool(100, [own(), other('b')], 50), true)).toBe(100);
  });
});

describe('hasExcess', () => {
  const late = other('late', { held: 0 });
  it.each<[string, Pool, boolean, boolean]>([
    ['has clearly more than its share', pool(40, [own({ held: 40 }), late]), false, true],
    ['has a little more', pool(41, [own({ held: 21 }), other('b', { held: 19 })]), false, false],
    ['has less than two above it', pool(5, [own({ held: 4 }), other('b', { held: 1 })]), false, false],
    ['has not a tenth above it', pool(84, [own({ held: 45 }), other('b', { held: 39 })]), false, false],
    ['has begun and is still above it', pool(40, [own({ held: 21 }), other('b', { held: 19 })]), true, true],
    ['has begun and has its share', pool(41, [own({ held: 21 }), other('b', { held: 19 })]), true, false],
    ['is the only one', pool(40, [own({ held: 40, capacity: 10 })]), true, false],
    ['could give to full workers only', pool(40, [own({ held: 40 }), { ...late, fullCause: 'cpu' }]), true, false],
    ['could give to draining workers only', pool(40, [own({ held: 40 }), { ...late, state: 'draining' }]), true, false],
    ['drains anyway', pool(40, [own({ held: 40, state: 'draining' }), late]), true, false],
    ['sees jobs wait that the others can have', pool(40, [own({ held: 39 }), late], 1), true, false],
  ])('a worker that %s: %#', (_case, members, begun, expected) => {
    expect(hasExcess(members.members[0]!, members, { begun, moving: 0 })).toBe(expected);
  });

  it.each<[string, Pool, number, boolean]>([
    ['still has more than its share without them', pool(40, [own({ held: 23 }), late]), 2, true],
    ['has its share without them', pool(40, [own({ held: 22 }), late]), 2, false],
    ['has no room for more at the other one', pool(40, [own({ held: 38 }), other('b', { held: 18 })]), 2, false],
  ])('counts those on their way out: a worker that %s', (_case, members, moving, expected) => {
    expect(hasExcess(members.members[0]!, members, { begun: true, moving })).toBe(expected);
  });
});

describe('a fleet that hands over', () => {
  /** Beats between the decision to hand a push over and its sync sample. */
  const BEATS_TO_LEAVE = 3;

  /**
   * Plays beats until nothing moves any more. Each worker knows the others by their last beats; what it hands over leaves some beats later, to the one with
   * most room below its limit.
   */
  function settle(held: readonly number[], capacities: readonly number[]): { held: number[]; moves: number } {
    const jobs = held.reduce((a, b) => a + b);
    const workers = held.map((count, i) => ({
      held: count,
      capacity: capacities[i]!,
      begun: false,
      leaving: [] as number[],
      returned: 0,
    }));
    const records = () => workers.map((worker, i) => workerRecord(`w${i}`, worker));
    let moves = 0;
    for (let beat = 0, idle = 0; idle < workers.length; beat++) {
      idle = 0;
      const members = records();
      for (const [i, worker] of workers.entries()) {
        if (worker.leaving[0] === beat) {
          worker.leaving.shift();
          worker.held--;
          moves++;
          const after = records();
          const takers = workers.filter((it, j) => it.held < fairConcurrency(after[j]!, pool(jobs, after, 1), false));
          const taker = takers.toSorted((a, b) => a.held / a.capacity - b.held / b.capacity)[0]!;
          taker.held++;
          // Where all have the whole pushes of their shares, what is left of the shares may send one back.
          if (taker === worker) expect(worker.returned++).toBe(0);
          expect(moves).toBeLessThanOrEqual(jobs); // and it comes to an end
        }
        const own = workerRecord(`w${i}`, worker);
        worker.begun = hasExcess(own, pool(jobs, members), { begun: worker.begun, moving: worker.leaving.length });
        if (worker.begun) worker.leaving.push(beat + BEATS_TO_LEAVE);
        else if (worker.leaving.length === 0) idle++;
      }
    }
    return { held: workers.map((worker) => worker.held), moves };
  }

  it.each<[string, number[], number[], number[], number]>([
    ['a late worker', [30, 30, 0], [100, 100, 100], [20, 20, 20], 20],
    ['a late worker twice as big', [30, 30, 0], [100, 100, 200], [15, 15, 30], 30],
    ['nothing to do', [21, 20, 19], [100, 100, 100], [21, 20, 19], 0],
    ['one push too many at each', [3, 3, 0], [100, 100, 100], [3, 3, 0], 0],
  ])('with %s ends where it should, with no move too many', (_case, held, capacities, expected, moves) => {
    expect(settle(held, capacities)).toEqual({ held: expected, moves });
  });

  it('comes to rest from anywhere, each worker within a tenth or two pushes of its share', () => {
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 48_271) % 0x7fffffff;
      return seed % below;
    };
    for (let round = 0; round < 100; round++) {
      const size = 2 + random(8);
      const capacities = Array.from({ length: size }, () => 50 + random(200));
      const held = capacities.map((capacity) => random(capacity));
      const density = held.reduce((a, b) => a + b) / capacities.reduce((a, b) => a + b);
      const result = settle(held, capacities);
      for (const [i, count] of result.held.entries()) {
        const share = capacities[i]! * density;
        expect(count - share).toBeLessThanOrEqual(Math.max(2, share / 10));
      }
    }
  });
});
