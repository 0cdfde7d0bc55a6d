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
 * over the workers instead of going to the fastest, and a late worker gets what is retried or restarted. A worker above its share leaves it to the
 * others too: one of them must be below. `impatient`: they do not take it.
 */
export function fairConcurrency(own: WorkerRecord, pool: Pool, impatient: boolean): number {
  if (impatient) return own.capacity;
  const share = Math.ceil(own.capacity * fairDensity(own, pool));
  const isLeftToOthers = own.held > share || roomOfOthers(own, pool) > 0;
  const slack = isLeftToOthers ? 0 : Math.max(SLACK_MIN, Math.ceil(share * SLACK_SHARE));
  return Math.max(1, Math.min(own.capacity, share + slack));
}

/** How far a worker is with handing over. */
export interface HandingOver {
  /** It has begun, and goes on down to the share. */
  readonly begun: boolean;
  /** Pushes that it still holds and that are on their way out. */
  readonly moving: number;
}

/**
 * Has this worker one more push to hand over, to one that has room? It begins when it has clearly more than its share, and goes on down to the
 * share. Each worker gives only its own excess, and the excesses of all are what the others lack: several can give at once, and what was handed
 * over does not come back (but for one push, where shares are no whole numbers).
 */
export function hasExcess(own: WorkerRecord, pool: Pool, { begun, moving }: HandingOver): boolean {
  const share = own.capacity * fairDensity(own, pool);
  if (own.state !== 'ready' || pool.waiting > 0 || roomOfOthers(own, pool) <= moving) return false;
  const excess = own.held - moving - share;
  return begun ? excess >= 1 : excess >= EXCESS_MIN && excess > share * EXCESS_SHARE;
}

/** Pushes that other workers lack to their shares, and would take. */
function roomOfOthers(own: WorkerRecord, pool: Pool): number {
  const density = fairDensity(own, pool);
  let room = 0;
  for (const { id, state, fullCause, held, capacity } of pool.members) {
    if (id === own.id || state !== 'ready' || fullCause !== null) continue;
    room += Math.max(0, Math.floor(capacity * density) - held);
  }
  return room;
}
