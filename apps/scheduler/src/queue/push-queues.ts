import {
  type DesiredPush,
  type Keys,
  PUSH_JOB,
  type PushJob,
  pushJobOptions,
  pushQueueName,
  REQUESTS_QUEUE,
} from '@pushfleet/contract';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { optionsOf } from '../push/derived.ts';
import { chunksOf } from '../redis/chunks.ts';
import { removeUnreadable, unreadableJobs } from './job-snapshot.ts';
import type { QueuedJob } from './queued-job.ts';

/** The queues of all pools: the scheduler's only producer of push jobs. */
export class PushQueues {
  readonly #redis: Redis;
  readonly #keys: Keys;
  readonly #queues = new Map<string, Queue>();
  readonly #onNew: ((queue: Queue) => void)[] = [];
  /** The intake queue: read here only, for Bull Board and metrics. */
  readonly requests: Queue;

  constructor(redis: Redis, keys: Keys) {
    this.#redis = redis;
    this.#keys = keys;
    this.requests = this.#make(REQUESTS_QUEUE);
  }

  /** Pool -> queue. */
  get byPool(): ReadonlyMap<string, Queue> {
    return this.#queues;
  }

  get all(): Queue[] {
    return [...this.#queues.values(), this.requests];
  }

  /** `listener` hears of every pool's queue that turns up from now on. */
  onNew(listener: (queue: Queue) => void): void {
    this.#onNew.push(listener);
  }

  /** Pools that have ever had a job or a worker, and those that desired state names. */
  async discover(pushes: Iterable<DesiredPush>): Promise<void> {
    const pools = new Set(await this.#redis.smembers(this.#keys.pools));
    for (const push of pushes) pools.add(optionsOf(push).pool);
    for (const pool of pools) this.#queue(pool);
  }

  /** Jobs that exist are left as they are. */
  async add(pushes: readonly DesiredPush[]): Promise<void> {
    for (const [pool, members] of Map.groupBy(pushes, (push) => optionsOf(push).pool)) {
      await this.#redis.sadd(this.#keys.pools, pool);
      for (const chunk of chunksOf(members, 200)) await this.#queue(pool).addBulk(chunk.map(toJob));
    }
  }

  /** A job that a worker has taken meanwhile stays: the next round meets it again. */
  async remove(jobs: readonly QueuedJob[]): Promise<void> {
    for (const chunk of chunksOf(jobs, 200)) await Promise.all(chunk.map((job) => this.#remove(job)));
  }

  /** Requests that are no JSON; answers their ids. */
  async removeUnreadableRequests(): Promise<string[]> {
    const ids = await unreadableJobs(this.#redis, this.requests);
    for (const id of ids) await removeUnreadable(this.#redis, this.requests, id);
    return ids;
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map((queue) => queue.close()));
  }

  async #remove(job: QueuedJob): Promise<void> {
    const queue = this.#queue(job.pool);
    if (job.data === undefined) await removeUnreadable(this.#redis, queue, job.id);
    else await queue.remove(job.id);
  }

  #queue(pool: string): Queue {
    const known = this.#queues.get(pool);
    if (known !== undefined) return known;
    const queue = this.#make(pushQueueName(pool));
    this.#queues.set(pool, queue);
    for (const listener of this.#onNew) listener(queue);
    return queue;
  }

  #make(name: string): Queue {
    const queue = new Queue(name, { prefix: this.#keys.tag, connection: this.#redis });
    // The connection reports its troubles itself.
    queue.on('error', () => {});
    return queue;
  }
}

function toJob(push: DesiredPush) {
  const data: PushJob = { v: 1, push: push.id, revision: push.revision };
  return { name: PUSH_JOB, data, opts: pushJobOptions(push.id, optionsOf(push)) };
}
