import { describe, expect, it } from 'vitest';
import { workerRecord } from '../testing/records.ts';
import { fleetMember } from './fleet-member.ts';
import { scaling } from './scaling.ts';

const member = (changes: Parameters<typeof workerRecord>[0], beatAgeMs = 0) =>
  fleetMember(workerRecord(changes), 0, beatAgeMs);

describe('scaling', () => {
  it('wants workers for what is held and what waits, with a fifth to spare', () => {
    const members = [member({ capacity: 100, held: 80 }), member({ capacity: 100, held: 80 })];
    expect(scaling(members, 0)).toEqual({ workers: 2, capacity: 200, used: 160, pending: 0, desired_workers: 2 });
    expect(scaling(members, 1).desired_workers).toBe(3);
  });

  it('counts the pushes of a draining worker but not its room, and nothing of a lost one', () => {
    const members = [member({ held: 10 }), member({ held: 20, state: 'draining' }), member({ held: 99 }, 60_000)];
    expect(scaling(members, 5)).toMatchObject({ workers: 1, capacity: 100, used: 30, pending: 5 });
  });

  it('takes a worker that is full for its load for as big as it has proved to be', () => {
    const members = [member({ held: 40, fullCause: 'cpu' }), member({ held: 40, fullCause: 'egress' })];
    expect(scaling(members, 10)).toEqual({ workers: 2, capacity: 80, used: 80, pending: 10, desired_workers: 3 });
  });

  it('wants a first worker when there is none, and none when there is nothing to do', () => {
    expect(scaling([], 3)).toMatchObject({ workers: 0, desired_workers: 1 });
    expect(scaling([], 0).desired_workers).toBe(0);
  });
});
