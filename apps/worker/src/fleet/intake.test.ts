import { describe, expect, it } from 'vitest';
import type { Limits } from './admission.ts';
import type { Pool } from './balance.ts';
import { Intake } from './intake.ts';
import { workerRecord } from './testing/worker-record.ts';

const none = Number.POSITIVE_INFINITY;
const limits: Limits = { capacity: 100, cpuPercent: none, loopDelayMs: none, egressBps: none };
const own = workerRecord('own');
const pool = (jobs: number, waiting = jobs): Pool => ({ members: [own, workerRecord('b')], jobs, waiting });
const held = (count: number, bps = 1e6): number[] => Array.from({ length: count }, () => bps);

describe('Intake', () => {
  it('takes the fair share of what there is', () => {
    const intake = new Intake(limits, () => []);
    expect(intake.concurrency(own, pool(40), 0)).toBe(20);
  });

  it('takes no more of it than the egress budget has room for', () => {
    const intake = new Intake({ ...limits, egressBps: 8e6 }, () => held(3));
    expect(intake.concurrency(own, pool(40), 0)).toBe(8);
    expect(intake.isOverloaded).toBe(false);
  });

  it('takes nothing while it is overloaded, and again when it has clearly less to carry', () => {
    let pushes = held(8);
    const intake = new Intake({ ...limits, egressBps: 8e6 }, () => pushes);
    expect(intake.concurrency(own, pool(40), 0)).toBe(0);
    expect([intake.isOverloaded, intake.look().fullCause]).toEqual([true, 'egress']);
    pushes = held(7);
    expect(intake.concurrency(own, pool(40), 500)).toBe(0);
    pushes = held(6);
    expect(intake.concurrency(own, pool(40), 1_000)).toBe(8);
  });

  it('takes one push whatever the budget, to learn what a push needs', () => {
    const intake = new Intake({ ...limits, egressBps: 1e6 }, () => []);
    expect(intake.concurrency(own, pool(40), 0)).toBe(1);
  });

  it('takes what those with room leave to wait', () => {
    const intake = new Intake(limits, () => held(20));
    const stuck = pool(40, 20);
    expect([0, 1_000, 3_000].map((at) => intake.concurrency(own, stuck, at))).toEqual([20, 20, 100]);
  });

  it('tells once that it is full and once that it is not, and nothing of what does not last', () => {
    let pushes = held(99);
    const intake = new Intake(limits, () => pushes);
    const told: string[] = [];
    const at = (second: number, count: number) => {
      pushes = held(count);
      for (let tick = 0; tick < 4; tick++) {
        const news = intake.news(second * 1_000 + tick * 250);
        if (news !== undefined) told.push(`${second} s: ${news.full || 'takes pushes'}`);
      }
    };
    for (const [second, count] of [99, 100, 99, 100, 100, 100, 100, 99, 100, 98, 98, 98, 98].entries())
      at(second, count);
    expect(told).toEqual(['5 s: holds 100 pushes of 100', '11 s: takes pushes']);
  });
});
