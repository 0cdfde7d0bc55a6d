import type { WorkerRecord } from '@pushfleet/contract';

/** Slack over the exact share: without it a push that moves could find every worker full. */
const SLACK_SHARE = 0.05;
const SLACK_MIN = 2;

/**
 * How many pushes this worker should hold at most: its share of the pool's pushes by capacity, plus a little. A burst of jobs then
 * spreads over the workers instead of going to the fastest.
 */
export function fairConcurrency(jobs: number, capacity: number, poolCapacity: number): number {
  const share = Math.ceil((jobs * capacity) / Math.max(poolCapacity, 1));
  const withSlack = share + Math.max(SLACK_MIN, Math.ceil(share * SLACK_SHARE));
  return Math.max(1, Math.min(capacity, withSlack));
}

/** Capacity of the living workers of a pool that take new pushes. */
export function poolCapacity(workers: readonly WorkerRecord[], pool: string, dead: readonly string[]): number {
  return workers
    .filter((worker) => worker.pool === pool && worker.state === 'ready' && !dead.includes(worker.id))
    .reduce((sum, worker) => sum + worker.capacity, 0);
}
