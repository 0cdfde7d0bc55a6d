// What the fleet knows of each target host: how many connects it gets a second, and whether it is down. Three keys a host, none of BullMQ's:
// `bucket` {tokens, at}, `failing` (sorted set push -> time of its failure), `down` {since, code, probed}. All times are the server's, in
// ms; all keys expire by themselves.
import { createHash } from 'node:crypto';
import type { Keys } from '@pushfleet/contract';
import type { Redis } from 'ioredis';

/** So many different pushes have to fail in a row, within this time, before their host counts as down. */
export const DOWN_AFTER_PUSHES = 10;
const ROW_MS = 30_000;
/** A host that is down is dialled this often, by whichever push is due. */
export const PROBE_INTERVAL_MS = 1_000;
/** So long after the last failure nobody calls it down any more. */
export const DOWN_FOR_MS = 60_000;
/** Seconds of the budget that may be used at once after a time of peace. */
const BURST_S = 5;

/**
 * Gives out permits to dial, as many as asked for while the bucket has them. Of a host that is down it gives one, each probe interval, and
 * says since when it is down; the bucket is not asked then. Who does not believe that it is down gets one permit to see for himself.
 */
const PERMIT = `
local bucket, failing, down = unpack(KEYS)
local wanted, perSecond, burst, probeMs, believes = unpack(ARGV)
wanted, perSecond, burst, probeMs = tonumber(wanted), tonumber(perSecond), tonumber(burst), tonumber(probeMs)
local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)
local suspect = redis.call('EXISTS', failing)
local since, code, probed = unpack(redis.call('HMGET', down, 'since', 'code', 'probed'))
if since and believes == '1' then
  local age, permits = now - probed, 0
  if age >= probeMs or age < 0 then
    redis.call('HSET', down, 'probed', now); age = 0; permits = 1
  end
  return { permits, probeMs - age, 1, tonumber(since), code, age }
end
if since then return { math.min(wanted, 1), probeMs, 1 } end
if perSecond == 0 then return { wanted, 0, suspect } end
local tokens, at = unpack(redis.call('HMGET', bucket, 'tokens', 'at'))
tokens = math.min(burst, (tokens or burst) + math.max(0, now - (at or now)) * perSecond / 1000)
local permits = math.min(wanted, math.floor(tokens))
tokens = tokens - permits
redis.call('HSET', bucket, 'tokens', tostring(tokens), 'at', now)
redis.call('PEXPIRE', bucket, math.ceil((burst - tokens) * 1000 / perSecond) + 1)
return { permits, math.ceil(math.max(0, wanted - permits - tokens) * 1000 / perSecond), suspect }`;

/** Notes pushes that could not reach the host. Answers 1 when it counts as down with them and did not before. */
const FAILED = `
local failing, down = unpack(KEYS)
local code, rowMs, downAfter, downForMs = unpack(ARGV)
local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)
if redis.call('EXISTS', down) == 1 then
  redis.call('HSET', down, 'code', code); redis.call('PEXPIRE', down, downForMs)
  return 0
end
for i = 5, #ARGV do redis.call('ZADD', failing, now, ARGV[i]) end
redis.call('ZREMRANGEBYSCORE', failing, '-inf', now - rowMs)
redis.call('PEXPIRE', failing, rowMs)
if redis.call('ZCARD', failing) < tonumber(downAfter) then return 0 end
redis.call('DEL', failing)
redis.call('HSET', down, 'since', now, 'code', code, 'probed', now); redis.call('PEXPIRE', down, downForMs)
return 1`;

/** A push has reached the host: the row of failures is broken. Answers for how long it was down; -1 when it was not. */
const REACHED = `
local failing, down = unpack(KEYS)
local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)
local since = redis.call('HGET', down, 'since')
redis.call('DEL', failing, down)
return since and math.max(0, now - since) or -1`;

/** What the fleet says to a worker that wants to dial. */
export interface Permits {
  readonly permits: number;
  /** When the next may be there, in ms; 0 when all were given. */
  readonly againInMs: number;
  /** There are failures on record: a success is news. */
  readonly suspect: boolean;
  /** Undefined when the host is not down, or not believed to be. */
  readonly down: HostDown | undefined;
}

/** Why a host is not dialled. */
export interface HostDown {
  /** Time of the server, in ms. */
  readonly since: number;
  /** Error code of the last failure. */
  readonly code: string;
  readonly probedMsAgo: number;
}

interface Commands {
  pushfleet_hostPermit(
    keyCount: 3,
    ...args: (string | number)[]
  ): Promise<[number, number, number, number?, string?, number?]>;
  pushfleet_hostFailed(keyCount: 2, ...args: (string | number)[]): Promise<number>;
  pushfleet_hostReached(keyCount: 2, ...args: string[]): Promise<number>;
}

/** The scripts, bound to one Redis connection. `host` is `name:port`; Redis sees only a hash of it. */
export class HostScripts {
  readonly #redis: Redis & Commands;
  readonly #keys: Keys;
  readonly #perSecond: number;

  /** `perSecond`: connects to a host in the whole fleet; 0 is without limit. */
  constructor(redis: Redis, keys: Keys, perSecond: number) {
    redis.defineCommand('pushfleet_hostPermit', { lua: PERMIT });
    redis.defineCommand('pushfleet_hostFailed', { lua: FAILED });
    redis.defineCommand('pushfleet_hostReached', { lua: REACHED });
    this.#redis = redis as Redis & Commands;
    this.#keys = keys;
    this.#perSecond = perSecond;
  }

  async permit(host: string, wanted: number, believes: boolean): Promise<Permits> {
    const { bucket, failing, down } = this.#keysOf(host);
    const burst = this.#perSecond * BURST_S;
    const args = [wanted, this.#perSecond, burst, PROBE_INTERVAL_MS, believes ? 1 : 0];
    const reply = await this.#redis.pushfleet_hostPermit(3, bucket, failing, down, ...args);
    const [permits, againInMs, suspect, since, code = '', probedMsAgo = 0] = reply;
    const known = since === undefined ? undefined : { since, code, probedMsAgo };
    return { permits, againInMs, suspect: suspect === 1, down: known };
  }

  /** True when the host counts as down from now on. */
  async failed(host: string, code: string, pushes: Iterable<string>): Promise<boolean> {
    const { failing, down } = this.#keysOf(host);
    const args = [code, ROW_MS, DOWN_AFTER_PUSHES, DOWN_FOR_MS, ...pushes];
    return (await this.#redis.pushfleet_hostFailed(2, failing, down, ...args)) === 1;
  }

  /** Milliseconds for which the host was down; undefined when it was not. */
  async reached(host: string): Promise<number | undefined> {
    const { failing, down } = this.#keysOf(host);
    const downMs = await this.#redis.pushfleet_hostReached(2, failing, down);
    return downMs < 0 ? undefined : downMs;
  }

  #keysOf(host: string): { bucket: string; failing: string; down: string } {
    return this.#keys.host(createHash('sha256').update(host).digest('base64url').slice(0, 22));
  }
}
