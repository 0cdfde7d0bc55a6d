import type { WorkerRecord } from '@pushfleet/contract';

/** The workers of a pool, as their last beats have it, and its pushes. */
export interface Pool {
  /** Those that live, this one included. */
  readonly members: readonly WorkerRecord[];
  /** Pushes in any state that wants a worker. */
  readonly jobs: number;
  /** Those among them that any worker may take now. */
  readonly waiting: number;
}

/** Room beyond the share, so that a new push need not wait until the workers have heard of it. */
const SLACK_SHARE = 0.05;
const SLACK_MIN = 1;
/** Less than this is not worth an interruption. */
const EXCESS_SHARE = 0.1;
const EXCESS_MIN = 2;

/**
 * Pushes per unit of capacity when all is fair: of the pushes that are not with workers that are full, since those keep what they hold and take
 * no more. `own` counts as one that takes, whatever it is.
 */
export function fairDensity(own: WorkerRecord, { members, jobs }: Pool): number {
  let [left, capacity] = [jobs, 0];
  for (const member of members) {
    if (member.state !== 'ready') continue;
    if (member.fullCause === null || member.id === own.id) capacity += member.capacity;
    else left -= member.held;
  }
  return Math.max(0, left) / Math.max(capacity, 1);
}

/**
 * How many pushes this worker should hold at most. While another one has room below its share, what comes is left to that one: a burst spreads
 * over the workers instead of going to the fastest, and a late worker gets what is retried or restarted. `impatient`: it does not take it.
 */
export function fairConcurrency(own: WorkerRecord, pool: Pool, impatient: boolean): number {
  if (impatient) return own.capacity;
  const density = fairDensity(own, pool);
  const share = Math.ceil(own.capacity * density);
  const slack = othersHaveRoom(own, pool, density) ? 0 : Math.max(SLACK_MIN, Math.ceil(share * SLACK_SHARE));
  return Math.max(1, Math.min(own.capacity, share + slack));
}

/**
 * Has this worker pushes to hand over, to one that has room? It begins when it has clearly more than its share, and goes on (`begun`) down to
 * the share, so that what it has handed over never comes back.
 */
export function hasExcess(own: WorkerRecord, pool: Pool, begun: boolean): boolean {
  const density = fairDensity(own, pool);
  if (own.state !== 'ready' || pool.waiting > 0 || !othersHaveRoom(own, pool, density)) return false;
  return begun ? excessOf(own, density) >= 1 : isClear(own, density);
}

/** Of several workers of a pool that have clearly too many, the one with most above its share is first. */
export function isFirst(own: WorkerRecord, pool: Pool): boolean {
  const density = fairDensity(own, pool);
  const excess = excessOf(own, density);
  return !pool.members.some((member) => {
    const its = excessOf(member, density);
    const isMore = its > excess || (its === excess && member.id < own.id);
    return isMore && member.state === 'ready' && isClear(member, density);
  });
}

const excessOf = ({ held, capacity }: WorkerRecord, density: number): number => held - capacity * density;

function isClear(worker: WorkerRecord, density: number): boolean {
  const excess = excessOf(worker, density);
  return excess >= EXCESS_MIN && excess > worker.capacity * density * EXCESS_SHARE;
}

/** Does another worker hold less than it should, and take pushes? */
function othersHaveRoom(own: WorkerRecord, { members }: Pool, density: number): boolean {
  return members.some(
    ({ id, state, fullCause, held, capacity }) =>
      id !== own.id && state === 'ready' && fullCause === null && held < Math.floor(capacity * density),
  );
}
