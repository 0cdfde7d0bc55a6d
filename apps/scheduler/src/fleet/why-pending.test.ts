import { describe, expect, it } from 'vitest';
import { workerRecord } from '../testing/records.ts';
import { type FleetMember, fleetMember } from './fleet-member.ts';
import { whyPending } from './why-pending.ts';

const member = (changes: Parameters<typeof workerRecord>[0] = {}, beatAgeMs = 0): FleetMember =>
  fleetMember(workerRecord(changes), 0, beatAgeMs);
const draining = member({ state: 'draining' });

describe('a push that nobody has', () => {
  it.each<[string, FleetMember[], string]>([
    ['has no worker', [], "no worker in pool 'default'"],
    ['has workers in other pools', [member({ pool: 'gpu' })], "no worker in pool 'default'"],
    ['has lost its worker', [member({}, 60_000)], "no worker in pool 'default'"],
    ['is about to be taken', [draining, member({ fullCause: 'cpu' }), member()], 'not yet taken by a worker'],
    ['has draining workers', [draining, draining], "all workers of pool 'default' are draining: 2 draining"],
    [
      'has full workers, each for its reason',
      [member({ fullCause: 'capacity' }), member({ fullCause: 'cpu' }), member({ fullCause: 'capacity' })],
      "all workers of pool 'default' are full: 2 at capacity, 1 out of CPU",
    ],
    [
      'has workers of both kinds',
      [member({ fullCause: 'egress' }), draining, member({ fullCause: 'loop_delay' })],
      "all workers of pool 'default' are full or draining: 1 out of egress, 1 draining, 1 with a late event loop",
    ],
  ])('%s', (_case, workers, words) => {
    expect(whyPending('default', workers)).toBe(words);
  });
});
