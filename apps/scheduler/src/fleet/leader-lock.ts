import type { Keys } from '@pushfleet/contract';
import type { Redis } from 'ioredis';
import { StoreScripts } from '../push/store-scripts.ts';

/** How long a leader that has died keeps the others from leading. */
export const LEASE_MS = 5_000;

/** Which of several schedulers reconciles. A lost race costs nothing: every step of the reconciler may be done twice. */
export class LeaderLock {
  readonly #redis: Redis;
  readonly #scripts: StoreScripts;
  readonly #key: string;
  readonly #id: string;
  #isLeader = false;

  /** `id` must be unique per process. */
  constructor(redis: Redis, keys: Keys, id: string) {
    this.#redis = redis;
    this.#scripts = new StoreScripts(redis);
    this.#key = keys.leader;
    this.#id = id;
  }

  /** As of the last `hold`. */
  get isLeader(): boolean {
    return this.#isLeader;
  }

  /** Takes or prolongs the lease. False when another scheduler has it; rejects when Redis is away, and leads no more. */
  async hold(): Promise<boolean> {
    try {
      this.#isLeader = (await this.#run('renewLock', LEASE_MS)) || (await this.#take());
    } catch (error) {
      this.#isLeader = false;
      throw error;
    }
    return this.#isLeader;
  }

  /** Lets another scheduler lead at once. */
  async release(): Promise<void> {
    this.#isLeader = false;
    await this.#run('releaseLock');
  }

  async #take(): Promise<boolean> {
    return (await this.#redis.set(this.#key, this.#id, 'PX', LEASE_MS, 'NX')) === 'OK';
  }

  async #run(script: 'renewLock' | 'releaseLock', ...args: number[]): Promise<boolean> {
    return (await this.#scripts.run(script, { keys: [this.#key], args: [this.#id, ...args] })) === 1;
  }
}
