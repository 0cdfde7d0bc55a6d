// Every Redis script of the scheduler, each named after what it promises. Desired state is written by these and by nothing else.
import type { Redis } from 'ioredis';
import { chunksOf } from '../redis/chunks.ts';
import { repliesOf } from '../redis/replies.ts';

/**
 * Looks after the name of the data set, by the rules of the workers' heartbeat: a new data set, or a pause of all beats, protects every
 * worker for a while. A data set whose counter is behind the caller's `floor` has lost changes: it gets a new name. Answers the name,
 * whether that protection holds, and how far desired state has come.
 */
const PULSE = `
local epoch, last, grace, counter, pushes, streams = unpack(KEYS)
local candidate, gapMs, graceMs, floor = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)
local current = redis.call('GET', epoch)
local behind = tonumber(redis.call('GET', counter) or '0') < floor
if behind then redis.call('SET', counter, floor) end
if behind or not current then
  current = candidate
  redis.call('SET', epoch, current)
  redis.call('SET', grace, '1', 'PX', graceMs)
end
local previous = redis.call('GET', last)
if previous and now - tonumber(previous) > gapMs then redis.call('SET', grace, '1', 'PX', graceMs) end
redis.call('SET', last, now)
return { current, redis.call('EXISTS', grace), tonumber(redis.call('GET', counter) or '0'),
  redis.call('ZCARD', pushes), redis.call('ZCARD', streams) }`;

/**
 * Writes one object under the next revision, provided that it still has the revision which the change was made from (0: does not exist).
 * `floor`: the highest revision that the writer knows of. Revisions never go back; a counter that did is a lost data set, whose name is
 * taken away. What the former owner of this id has left behind goes: its field in the hash of the fifth key, and the keys beyond that. Answers the
 * revision, or -1.
 */
const SAVE = `
local counter, index, object, epoch, reports = unpack(KEYS)
local id, expected, floor, channel, message = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]
if (redis.call('HGET', object, 'revision') or '0') ~= expected then return -1 end
if tonumber(redis.call('GET', counter) or '0') < floor then redis.call('SET', counter, floor); redis.call('DEL', epoch) end
local revision = redis.call('INCR', counter)
redis.call('DEL', object, unpack(KEYS, 6))
if reports then redis.call('HDEL', reports, id) end
redis.call('HSET', object, unpack(ARGV, 6))
redis.call('HSET', object, 'revision', revision)
redis.call('ZADD', index, revision, id)
redis.call('PUBLISH', channel, message)
return revision`;

/** Sets or clears the resting error of a push that still has the revision given. No new revision: nobody wants anything else. */
const SET_ERROR = `
if redis.call('HGET', KEYS[1], 'revision') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'error', ARGV[2])
redis.call('PUBLISH', ARGV[3], ARGV[4])
return 1`;

/** Deletes a removed object and everything that was kept about it (as `SAVE` does), unless it has been made anew meanwhile. */
const PURGE = `
local index, object, reports = unpack(KEYS)
if redis.call('HGET', object, 'removed') ~= '1' or redis.call('HGET', object, 'revision') ~= ARGV[2] then return 0 end
redis.call('ZREM', index, ARGV[1])
redis.call('DEL', object, unpack(KEYS, 4))
if reports then redis.call('HDEL', reports, ARGV[1]) end
return 1`;

/** Puts an object back that a lost data set has forgotten, unless Redis knows it as new or newer. */
const RESTORE = `
local index, object = unpack(KEYS)
local id, revision = ARGV[1], tonumber(ARGV[2])
if tonumber(redis.call('HGET', object, 'revision') or '0') >= revision then return 0 end
redis.call('DEL', object)
redis.call('HSET', object, unpack(ARGV, 3))
redis.call('ZADD', index, revision, id)
return 1`;

/** Prolongs a lock that is still ours. */
const RENEW_LOCK = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`;

/** Lets go of a lock that is still ours. */
const RELEASE_LOCK = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`;

const scripts = {
  pulse: PULSE,
  save: SAVE,
  setError: SET_ERROR,
  purge: PURGE,
  restore: RESTORE,
  renewLock: RENEW_LOCK,
  releaseLock: RELEASE_LOCK,
} as const;

export type ScriptName = keyof typeof scripts;

export interface ScriptCall {
  readonly keys: readonly string[];
  readonly args: readonly (string | number)[];
}

type ScriptCommands = Record<`pushfleet_${ScriptName}`, (...args: (string | number)[]) => Promise<unknown>>;

/** Calls the scripts on one connection. */
export class StoreScripts {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
    for (const [name, lua] of Object.entries(scripts)) redis.defineCommand(`pushfleet_${name}`, { lua });
  }

  run(name: ScriptName, { keys, args }: ScriptCall): Promise<unknown> {
    const commands = this.#redis as unknown as ScriptCommands;
    return commands[`pushfleet_${name}`](keys.length, ...keys, ...args);
  }

  /** Many calls of one script in few writes; rejects with the first error. */
  async runAll(name: ScriptName, calls: Iterable<ScriptCall>): Promise<unknown[]> {
    const answers: unknown[] = [];
    for (const chunk of chunksOf(calls)) {
      const pipeline = this.#redis.pipeline();
      const commands = pipeline as unknown as ScriptCommands;
      for (const { keys, args } of chunk) void commands[`pushfleet_${name}`](keys.length, ...keys, ...args);
      answers.push(...(await repliesOf(pipeline)));
    }
    return answers;
  }
}
