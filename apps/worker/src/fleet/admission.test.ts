import type { FullCause } from '@pushfleet/contract';
import { describe, expect, it } from 'vitest';
import { fullBy, fullWords, type Limits, type Load, limitsOf } from './admission.ts';

const limits: Limits = { capacity: 10, cpuPercent: 90, loopDelayMs: 200, egressBps: 40e6 };
const load = (changes: Partial<Load>): Load => ({
  held: 5,
  cpuPercent: 0,
  loopDelayMs: 0,
  nextEgressBps: 0,
  ...changes,
});
const after = (before: readonly FullCause[], changes: Partial<Load>, its = limits) => [
  ...fullBy(new Set(before), load(changes), its),
];

describe('limitsOf', () => {
  it('reads off and absent as no limit', () => {
    const environment = { capacity: 10, maxCpuPercent: 90, maxLoopDelayMs: 200, maxEgressMbps: 40 } as const;
    expect(limitsOf(environment)).toEqual(limits);
    const none = Number.POSITIVE_INFINITY;
    const open = { capacity: 10, maxCpuPercent: 'off', maxLoopDelayMs: 'off', maxEgressMbps: undefined } as const;
    expect(limitsOf(open)).toEqual({ capacity: 10, cpuPercent: none, loopDelayMs: none, egressBps: none });
  });
});

describe('a worker is full', () => {
  it.each<[string, Partial<Load>, FullCause[]]>([
    ['of nothing, when it carries little', {}, []],
    ['of pushes, when it holds as many as it may', { held: 10 }, ['capacity']],
    ['of CPU', { cpuPercent: 90.1 }, ['cpu']],
    ['of nothing at the very limit', { cpuPercent: 90, loopDelayMs: 200, nextEgressBps: 40e6 }, []],
    ['of lateness', { loopDelayMs: 201 }, ['loop_delay']],
    ['of egress, when one more push would be too much', { nextEgressBps: 40.1e6 }, ['egress']],
    ['never of egress without a push', { held: 0, nextEgressBps: 50e6 }, []],
    ['of several things at once', { held: 10, cpuPercent: 99 }, ['capacity', 'cpu']],
  ])('%s', (_case, changes, expected) => {
    expect(after([], changes)).toEqual(expected);
  });

  it('of nothing that has no limit', () => {
    const none = Number.POSITIVE_INFINITY;
    const heavy = { cpuPercent: 800, loopDelayMs: 9_000, nextEgressBps: 1e12 };
    expect(after([], heavy, { capacity: 10, cpuPercent: none, loopDelayMs: none, egressBps: none })).toEqual([]);
  });
});

describe('a full worker', () => {
  it.each<[FullCause, Partial<Load>, Partial<Load>]>([
    ['cpu', { cpuPercent: 82 }, { cpuPercent: 80 }],
    ['loop_delay', { loopDelayMs: 181 }, { loopDelayMs: 179 }],
    ['egress', { nextEgressBps: 36.1e6 }, { nextEgressBps: 35.9e6 }],
  ])('of %s takes pushes again only well below the limit', (cause, near, below) => {
    expect(after([cause], near)).toEqual([cause]);
    expect(after([cause], below)).toEqual([]);
  });

  it('of pushes takes the next one as soon as one has gone', () => {
    expect(after(['capacity'], { held: 9 })).toEqual([]);
  });

  it('does not flap when its load wavers around the limit', () => {
    let causes: ReadonlySet<FullCause> = new Set();
    const states = [88, 91, 87, 92, 85, 93, 82].map((cpuPercent) => {
      causes = fullBy(causes, load({ cpuPercent }), limits);
      return causes.size;
    });
    expect(states).toEqual([0, 1, 1, 1, 1, 1, 1]);
  });

  it.each<[FullCause, Partial<Load>, string]>([
    ['capacity', { held: 10 }, 'holds 10 pushes of 10'],
    ['cpu', { cpuPercent: 93.4 }, 'CPU at 93 % of a core, the limit is 90 %'],
    ['loop_delay', { loopDelayMs: 312.2 }, 'event loop 312 ms late, the limit is 200 ms'],
    ['egress', { nextEgressBps: 44e6 }, 'one more push makes 44.0 Mb/s, the limit is 40.0 Mb/s'],
  ])('of %s says so with figure and limit', (cause, changes, words) => {
    expect(fullWords(cause, load(changes), limits)).toBe(words);
  });
});
