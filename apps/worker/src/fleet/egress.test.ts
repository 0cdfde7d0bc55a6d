import { describe, expect, it } from 'vitest';
import { egressRoom, expectedEgress } from './egress.ts';

describe('expectedEgress', () => {
  it.each<[string, number[], number, number]>([
    ['of nothing takes a usual push for the next one', [], 0, 4e6],
    ['takes a usual push for each that has shown nothing', [0, 0], 8e6, 4e6],
    ['takes the average for those that have not sent yet', [6e6, 2e6, 0, 0], 16e6, 4e6],
    ['is the sum when all are known', [1e6, 2e6], 3e6, 1.5e6],
  ])('%s', (_case, bitrates, bps, perPushBps) => {
    expect(expectedEgress(bitrates)).toEqual({ pushes: bitrates.length, bps, perPushBps });
  });
});

describe('egressRoom', () => {
  it.each<[string, number[], number, number]>([
    ['is what the budget leaves', [4e6, 4e6], 20e6, 3],
    ['is nothing when the budget is used up', [4e6, 4e6], 10e6, 0],
    ['is nothing when more is sent already', [9e6, 9e6], 10e6, 0],
    ['has no end without a budget', [4e6], Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  ])('%s', (_case, bitrates, budget, room) => {
    expect(egressRoom(expectedEgress(bitrates), budget)).toBe(room);
  });

  it('holds a burst of pushes that have sent nothing yet within the budget', () => {
    const held: number[] = [];
    while (egressRoom(expectedEgress(held), 40e6) > 0) held.push(0);
    expect(held).toHaveLength(10);
  });
});
