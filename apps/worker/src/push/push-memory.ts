// What the attempts of a push leave to the next one, on whichever worker: a hash {epoch, state, target} in Redis, gone when nobody has
// written it for a month or its push is removed.
import { createHash } from 'node:crypto';
import type { DesiredPush, Keys } from '@pushfleet/contract';
import type { PushMemory } from '@pushfleet/protocols';
import type { Redis } from 'ioredis';
import { inTime } from '../fleet/within.ts';

/** Redis answers in milliseconds or not at all; an attempt that waits for this sends nothing meanwhile. */
const PATIENCE_MS = 500;
const KEPT_MS = 30 * 24 * 3_600_000;

/** Grows with every call, and from one data set to the next with the clock of the server. Exceeds whatever the worker has given without Redis. */
const NEXT_EPOCH = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local epoch = math.max(tonumber(redis.call('HGET', KEYS[1], 'epoch') or '0') + 1, now, ARGV[2] + 1)
redis.call('HSET', KEYS[1], 'epoch', string.format('%.0f', epoch))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return epoch`;

/** Keeps a state, unless an attempt with a higher epoch has begun. */
const REMEMBER = `
local epoch, state, target, keptMs = unpack(ARGV)
if tonumber(redis.call('HGET', KEYS[1], 'epoch') or '0') > tonumber(epoch) then return 0 end
redis.call('HSET', KEYS[1], 'epoch', epoch, 'state', state, 'target', target)
redis.call('PEXPIRE', KEYS[1], keptMs)
return 1`;

interface MemoryCommands {
  pushfleet_nextEpoch(keyCount: 1, key: string, keptMs: number, newest: number): Promise<number>;
  pushfleet_remember(
    keyCount: 1,
    key: string,
    epoch: number,
    state: string,
    target: string,
    keptMs: number,
  ): Promise<number>;
}

/** The memories of the pushes that this worker holds. Never waits long for a Redis that is away. */
export class PushMemories {
  readonly #redis: Redis & MemoryCommands;
  readonly #keys: Keys;
  /** The highest epoch that this process has ever handed out, to whichever push. */
  #newest = 0;

  constructor(redis: Redis, keys: Keys) {
    redis.defineCommand('pushfleet_nextEpoch', { lua: NEXT_EPOCH });
    redis.defineCommand('pushfleet_remember', { lua: REMEMBER });
    this.#redis = redis as Redis & MemoryCommands;
    this.#keys = keys;
  }

  /** For one attempt. What was remembered of another target is not loaded: it would continue something that is not there. */
  of({ id, url }: Pick<DesiredPush, 'id' | 'url'>): PushMemory {
    const redis = this.#redis;
    const key = this.#keys.memory(id);
    const target = fingerprint(url);
    /** What Redis has noted for the epoch handed out: something else when its answer came too late. */
    let handedOut = 0;
    let noted = 0;
    return {
      id,
      nextEpoch: async () => {
        const asked = redis.pushfleet_nextEpoch(1, key, KEPT_MS, this.#newest);
        handedOut = await inTime(PATIENCE_MS, asked).catch(() => Math.max(this.#newest + 1, Date.now()));
        this.#newest = Math.max(this.#newest, handedOut);
        asked.then(
          (epoch) => {
            noted = epoch;
          },
          () => {}, // Redis keeps the epoch with the first state then
        );
        return handedOut;
      },
      load: async () => {
        const [state, of] = await inTime(PATIENCE_MS, redis.hmget(key, 'state', 'target'));
        return of === target ? (state ?? undefined) : undefined;
      },
      save: async (epoch, state) => {
        const known = epoch === handedOut ? Math.max(epoch, noted) : epoch;
        const saved = redis.pushfleet_remember(1, key, known, state, target, KEPT_MS);
        return (await inTime(PATIENCE_MS, saved)) === 1;
      },
    };
  }
}

/** Names the place that a URL leads to, and tells nothing of it. Another login leads to the same place. */
function fingerprint(url: string): string {
  const place = url.replace(/^([^/]*\/\/)[^/?#]*@/, '$1');
  return createHash('sha256').update(place).digest('base64url').slice(0, 22);
}
