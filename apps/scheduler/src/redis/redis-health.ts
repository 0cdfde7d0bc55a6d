import { type Keys, type RedisWarning, redisWarnings } from '@pushfleet/contract';
import type { Redis } from 'ioredis';
import { throwUnavailable } from './unavailable.ts';

const SETTINGS_MAX_AGE_MS = 60_000;

/** Does Redis answer, and is it set up so that it keeps what it is given? */
export class RedisHealth {
  readonly #redis: Redis;
  readonly #keys: Keys;
  #warnings: readonly RedisWarning[] = [];
  #checkedAt = Number.NEGATIVE_INFINITY;

  constructor(redis: Redis, keys: Keys) {
    this.#redis = redis;
    this.#keys = keys;
  }

  /** What an operator should change. Rejects with `redis_unavailable`. */
  async check(): Promise<readonly RedisWarning[]> {
    // Asked for a key: in a cluster the node that has ours must answer.
    await this.#redis.exists(this.#keys.epoch).catch(throwUnavailable);
    if (performance.now() - this.#checkedAt > SETTINGS_MAX_AGE_MS) {
      this.#warnings = await redisWarnings(this.#redis).catch(throwUnavailable);
      this.#checkedAt = performance.now();
    }
    return this.#warnings;
  }
}
