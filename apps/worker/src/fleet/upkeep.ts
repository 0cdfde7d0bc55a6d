import type { Keys } from '@pushfleet/contract';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { PushProcessor } from '../queue/push-processor.ts';
import type { PushQueueWorker } from '../queue/push-queue-worker.ts';
import type { LiveRegistry } from '../source/live-registry.ts';
import type { Audit } from './audit.ts';
import type { Death } from './heartbeat.ts';

export interface UpkeepDeps {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly pool: string;
  readonly queue: PushQueueWorker;
  readonly processor: PushProcessor;
  readonly live: LiveRegistry;
  readonly audit: Audit;
  readonly log: Logger;
}

/** Puts right in Redis what was lost there, and what others have left behind. */
export class Upkeep {
  readonly #deps: UpkeepDeps;

  constructor(deps: UpkeepDeps) {
    this.#deps = deps;
  }

  /** This worker is one of its pool: the schedulers read what pools there are. */
  async enlist(): Promise<void> {
    const { redis, keys, pool } = this.#deps;
    await redis.sadd(keys.pools, pool);
  }

  /** After Redis has lost its data, or the others have declared this worker dead: everything that it has there is looked at. */
  async verify(why: string): Promise<void> {
    const { queue, processor, live, log } = this.#deps;
    log.warn({ why, held: processor.size }, 'every lock is looked at');
    await queue.verifyLocks(this.#heldLocks());
    await live.restore();
    await this.enlist();
  }

  /** Every AUDIT_MS while Redis answers. */
  async tidy(): Promise<void> {
    const { queue, live, audit, log } = this.#deps;
    await live.tidy();
    await live.restore();
    await queue.renewForgotten(this.#heldLocks());
    const jobs = await audit.look();
    if (jobs > 0) log.warn({ jobs }, 'abandoned jobs freed');
    await this.#requeue(jobs);
  }

  /** The jobs of a dead worker have been freed. */
  async inherit({ jobs }: Death): Promise<void> {
    await this.#requeue(jobs);
  }

  /** BullMQ's own mover takes freed jobs back. */
  async #requeue(jobs: number): Promise<void> {
    if (jobs > 0) await this.#deps.queue.getBackend().moveStalledJobsToWait();
  }

  #heldLocks(): { jobId: string; token: string }[] {
    return [...this.#deps.processor.holders()].map(({ lease }) => ({ jobId: lease.job.id!, token: lease.token }));
  }
}
