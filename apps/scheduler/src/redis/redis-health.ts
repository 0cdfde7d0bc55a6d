import { everyNode, type Keys } from '@pushfleet/contract';
import type { Redis } from 'ioredis';
import { throwUnavailable } from './unavailable.ts';

const SETTINGS_MAX_AGE_MS = 60_000;

/** Does Redis answer, and is it set up so that it keeps what it is given? */
export class RedisHealth {
  readonly #redis: Redis;
  readonly #keys: Keys;
  #warnings: string[] = [];
  #checkedAt = Number.NEGATIVE_INFINITY;

  constructor(redis: Redis, keys: Keys) {
    this.#redis = redis;
    this.#keys = keys;
  }

  /** Sentences about what an operator should change. Rejects with `redis_unavailable`. */
  async check(): Promise<string[]> {
    // Asked for a key: in a cluster the node that has ours must answer.
    await this.#redis.exists(this.#keys.epoch).catch(throwUnavailable);
    if (performance.now() - this.#checkedAt > SETTINGS_MAX_AGE_MS) {
      const infos = await Promise.all(everyNode(this.#redis).map((node) => node.info())).catch(throwUnavailable);
      this.#warnings = [...new Set(infos.flatMap((info) => settingWarnings(parseInfo(info))))];
      this.#checkedAt = performance.now();
    }
    return this.#warnings;
  }
}

/** `info`: the fields of INFO, which managed services allow even where CONFIG GET is closed. */
export function settingWarnings(info: ReadonlyMap<string, string>): string[] {
  const warnings: string[] = [];
  const policy = info.get('maxmemory_policy');
  if (policy !== undefined && policy !== 'noeviction') {
    warnings.push(
      `maxmemory-policy is ${policy}: Redis may throw pushes away when memory runs short. Set it to noeviction.`,
    );
  }
  // Servers before 7.0 do not count their saves; they get the benefit of the doubt.
  const isSaved = info.get('aof_enabled') === '1' || info.get('rdb_saves') !== '0';
  if (!isSaved) {
    warnings.push(
      'Redis keeps nothing on disk yet: pushes made by the API are lost when it and all schedulers stop. Set appendonly yes.',
    );
  }
  return warnings;
}

export function parseInfo(text: string): Map<string, string> {
  const lines = text.split('\r\n').filter((line) => line.includes(':'));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
}
