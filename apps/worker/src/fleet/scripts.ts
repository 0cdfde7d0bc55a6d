// Every Redis script of the worker that touches BullMQ's keys or the fleet's, each named after what it promises. They rely on the key
// layout of the BullMQ version that `scripts.test.ts` pins: `<queue>:active`, `:wait`, `:delayed`, `:marker`, `:stalled`, `:stalled-check`,
// `<job>:lock`, and the hash fields `atm` (attempts made), `ats` (attempts started), `stc` (stalled counter).
import type { Keys } from '@pushfleet/contract';
import type { Redis } from 'ioredis';

/**
 * Beats of all workers in server time, with the records of all when they are asked for. Finds the dead and the late, and tells a lost data
 * set by a new epoch. Tells the worker whether it is to be drained: 1 yes, 0 no, -1 not known, because whoever remembers may have yet to
 * put it back. While there are jobs to be had it wakes a worker that sleeps on them: whoever was woken by BullMQ may have died since, or
 * lost his connection.
 */
const BEAT = `
local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)
local beats, workers, last, grace, epoch, drains, active, wait, delayed, prioritized, marker = unpack(KEYS)
local id, record, gapMs, graceMs, candidate, name = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5], ARGV[6]
local deadMs, lateMs, wantsRecords = tonumber(ARGV[7]), tonumber(ARGV[8]), ARGV[9] == '1'
local current = redis.call('GET', epoch)
if not current then
  current = candidate
  redis.call('SET', epoch, current)
  redis.call('SET', grace, '1', 'PX', graceMs)
end
local previous = redis.call('GET', last)
if previous and now - tonumber(previous) > gapMs then redis.call('SET', grace, '1', 'PX', graceMs) end
redis.call('SET', last, now)
local isNew = redis.call('ZADD', beats, now, id)
redis.call('HSET', workers, id, record)
local dead, late = {}, {}
local isGrace = redis.call('EXISTS', grace)
if isGrace == 0 then
  dead = redis.call('ZRANGEBYSCORE', beats, '-inf', now - deadMs)
  late = redis.call('ZRANGEBYSCORE', beats, '(' .. (now - deadMs), now - lateMs)
end
local function dueMs(afterMs)
  local oldest = redis.call('ZRANGEBYSCORE', beats, '(' .. (now - afterMs), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  return oldest[2] + afterMs - now
end
local drain = redis.call('HEXISTS', drains, name)
if drain == 0 then drain = -isGrace end
local waiting = redis.call('LLEN', wait)
local due = redis.call('ZCOUNT', delayed, '-inf', now * 4096)
if waiting + due > 0 then redis.call('ZADD', marker, 0, '0') end
return { now, current, isNew, dead, wantsRecords and redis.call('HVALS', workers), redis.call('HLEN', workers),
  redis.call('LLEN', active) + waiting + redis.call('ZCARD', delayed) + redis.call('ZCARD', prioritized),
  waiting, drain, late, dueMs(deadMs), dueMs(lateMs) }`;

/**
 * Frees the locks of a worker that has not beaten for so long, so that BullMQ's own mover takes its jobs back. Never during grace (-1), before its
 * time (-2), or twice (-3).
 */
const REAP = `
local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)
local beats, workers, grace, active, stalled, check = unpack(KEYS)
local worker, silentMs, jobs = ARGV[1], tonumber(ARGV[2]), ARGV[3]
if redis.call('EXISTS', grace) == 1 then return -1 end
local score = redis.call('ZSCORE', beats, worker)
if not score then return -3 end
if now - tonumber(score) < silentMs then return -2 end
redis.call('ZREM', beats, worker); redis.call('HDEL', workers, worker)
local freed, mine = 0, worker .. ':'
local ids = redis.call('LRANGE', active, 0, -1)
for from = 1, #ids, 1000 do
  local locks = {}
  for i = from, math.min(from + 999, #ids) do locks[#locks + 1] = jobs .. ids[i] .. ':lock' end
  for i, token in ipairs(redis.call('MGET', unpack(locks))) do
    if token and string.sub(token, 1, #mine) == mine then
      redis.call('DEL', locks[i]); redis.call('SADD', stalled, ids[from + i - 1]); freed = freed + 1
    end
  end
end
if freed > 0 then redis.call('DEL', check) end
return freed`;

/**
 * Takes a lock back that has expired, or puts a job back that was lost with its data set.
 * 1 still mine, 2 taken back, 3 put back, -1 another owner, -2 removed on purpose, -3 moved on.
 */
const RECLAIM = `
local active, wait, stalled, epoch = unpack(KEYS)
local jobs, id, token, lockMs, knownEpoch = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local job = jobs .. id; local lock = job .. ':lock'
local function take() redis.call('SET', lock, token, 'PX', lockMs); redis.call('SREM', stalled, id) end
local owner = redis.call('GET', lock)
if owner == token then take(); return 1 end
if owner then return -1 end
if redis.call('EXISTS', job) == 0 then
  if redis.call('GET', epoch) == knownEpoch then return -2 end
  redis.call('HSET', job, unpack(ARGV, 6)); redis.call('LPUSH', active, id); take()
  return 3
end
if redis.call('LPOS', active, id) then take(); return 2 end
if redis.call('LREM', wait, 1, id) == 1 then redis.call('LPUSH', active, id); take(); return 2 end
return -3`;

/** A healthy session gives the whole retry budget back: attempts, stalls, the reason of the last failure. Only for the lock's owner. */
const GIVE_BUDGET_BACK = `
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
if redis.call('EXISTS', KEYS[1]) == 0 then return -1 end
redis.call('HSET', KEYS[1], 'atm', 0, 'stc', 0); redis.call('HDEL', KEYS[1], 'failedReason', 'stacktrace')
return 1`;

/** Counts failures that happened while Redis was away. Only for the lock's owner. */
const COUNT_FAILURES = `
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('HINCRBY', KEYS[1], 'atm', ARGV[2])
return 1`;

/** Writes the revision and options that the holder now acts on into its job. Only for the lock's owner. */
const ADOPT = `
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
if redis.call('EXISTS', KEYS[1]) == 0 then return -1 end
redis.call('HSET', KEYS[1], 'data', ARGV[2], 'opts', ARGV[3])
return 1`;

/** One worker of a pool at a time looks after all of it: 1 for whoever does, for as long as it comes back in time. */
const TAKE_AUDIT = `
local auditor = redis.call('GET', KEYS[1])
if auditor and auditor ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`;

/** Frees active jobs that are still under the lock given, where that is the caller's own or of a worker that has no beat. Never during grace. */
const FREE_ABANDONED = `
local beats, grace, stalled, check = unpack(KEYS)
local worker, jobs = ARGV[1], ARGV[2]
if redis.call('EXISTS', grace) == 1 then return 0 end
local freed = 0
for i = 3, #ARGV, 2 do
  local id, token = ARGV[i], ARGV[i + 1]
  local lock, owner = jobs .. id .. ':lock', string.match(token, '^(.*):') or token
  if redis.call('GET', lock) == token and (owner == worker or not redis.call('ZSCORE', beats, owner)) then
    redis.call('DEL', lock); redis.call('SADD', stalled, id); freed = freed + 1
  end
end
if freed > 0 then redis.call('DEL', check) end
return freed`;

/**
 * Writes (or, when empty, deletes) the reports of pushes, each only while its lock is held with the token given. Answers the places (from 0)
 * of those whose lock is somebody else's, and of those without a lock. Four commands, however many pushes: the lock of each is looked at, and
 * Redis would do that one by one.
 */
const REPORT = `
local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)
local written, deleted, foreign, unlocked = {}, {}, {}, {}
for i, owner in ipairs(redis.call('MGET', unpack(KEYS, 2))) do
  local push, token, report, ttlMs = unpack(ARGV, i * 4 - 3, i * 4)
  if owner == token then
    if report == '' then
      deleted[#deleted + 1] = push
    else
      written[#written + 1] = push; written[#written + 1] = string.format('%.0f %s', now + ttlMs, report)
    end
  elseif owner then
    foreign[#foreign + 1] = i - 1
  else
    unlocked[#unlocked + 1] = i - 1
  end
end
if #written > 0 then redis.call('HSET', KEYS[1], unpack(written)) end
if #deleted > 0 then redis.call('HDEL', KEYS[1], unpack(deleted)) end
return { foreign, unlocked }`;

/** Registers a published stream unless a worker that lives has it already; answers the entry of that one, else nil. */
const CLAIM_LIVE = `
local live, beats, control = unpack(KEYS)
local stream, worker, entry, message = unpack(ARGV)
local known = redis.call('HGET', live, stream)
if known == entry then return false end
if known then
  local owner = cjson.decode(known).worker
  if owner ~= worker and redis.call('ZSCORE', beats, owner) then return known end
end
redis.call('HSET', live, stream, entry); redis.call('PUBLISH', control, message)
return false`;

/** Withdraws a published stream, if it is still the publication with this token. */
const RELEASE_LIVE = `
local live, control = unpack(KEYS)
local stream, token, message = unpack(ARGV)
local known = redis.call('HGET', live, stream)
if not known or cjson.decode(known).token ~= token then return 0 end
redis.call('HDEL', live, stream); redis.call('PUBLISH', control, message)
return 1`;

/**
 * Heartbeat timings, in ms: late after two missed beats, dead after five; a pause of all beats means that Redis was away. A worker that is late
 * is dead at once when its process is known to have ended, see `peer-watch.ts`.
 */
export const BEAT_INTERVAL_MS = 500;
export const LATE_AFTER_MS = 1_000;
export const DEAD_AFTER_MS = 2_500;
export const GAP_MS = 1_500;
export const GRACE_MS = 4_000;

export type ReclaimResult = 1 | 2 | 3 | -1 | -2 | -3;

export interface Beat {
  /** Server time in ms. */
  readonly now: number;
  readonly epoch: string;
  /** This worker had no beat on record: it has just started, or it was reaped. */
  readonly isNew: boolean;
  /** Ids of workers that have stopped beating. */
  readonly dead: readonly string[];
  /** Ids of those that have missed beats, and are not dead for that alone. */
  readonly late: readonly string[];
  /** After this time one more is dead, unless it is heard of; ... */
  readonly nextDeathMs: number;
  /** ... or late. */
  readonly nextLateMs: number;
  /** Of all workers, as JSON; undefined when they were not asked for. */
  readonly records: readonly string[] | undefined;
  /** How many workers there are. */
  readonly members: number;
  /** Pushes of the pool in any state that wants a worker, and those that nobody has yet. */
  readonly jobs: number;
  readonly waiting: number;
  /** Shall this worker hold nothing? Undefined right after a loss of data: what held before still does. */
  readonly isDrained: boolean | undefined;
}

/** An active job and the token on its lock. */
export interface LockedJob {
  readonly jobId: string;
  readonly token: string;
}

/** Jobs looked at in one go. */
const PAGE = 1_000;

/** One push's report as the fenced script takes it; an empty `report` deletes it. */
export interface FencedReport {
  readonly push: string;
  readonly jobId: string;
  readonly token: string;
  readonly report: string;
  readonly ttlMs: number;
}

export interface RefusedReports {
  /** Another holder has the job. */
  readonly foreign: readonly FencedReport[];
  /** The lock has expired or was lost with its data set: it can be taken back. */
  readonly unlocked: readonly FencedReport[];
}

/** The scripts, bound to one Redis connection and the queue of one pool. */
export class FleetScripts {
  readonly #redis: Redis;
  readonly #keys: Keys;
  /** Prefix of BullMQ's keys of the queue, colon included. */
  readonly #queue: string;

  constructor(redis: Redis, keys: Keys, queueName: string) {
    this.#redis = redis;
    this.#keys = keys;
    this.#queue = `${keys.tag}:${queueName}:`;
    for (const [name, lua] of Object.entries(scripts)) redis.defineCommand(`pushfleet_${name}`, { lua });
  }

  async beat(
    workerId: string,
    record: string,
    epochCandidate: string,
    { workerName = workerId, wantsRecords = true }: { workerName?: string; wantsRecords?: boolean } = {},
  ): Promise<Beat> {
    const k = this.#keys;
    const keys = [
      k.beats,
      k.workers,
      k.lastBeat,
      k.grace,
      k.epoch,
      k.drains,
      ...this.#in('active', 'wait', 'delayed', 'prioritized', 'marker'),
    ];
    const times = [DEAD_AFTER_MS, LATE_AFTER_MS];
    const args = [workerId, record, GAP_MS, GRACE_MS, epochCandidate, workerName, ...times, wantsRecords ? 1 : 0];
    const reply = await this.#run('beat', keys, args);
    const [now, epoch, isNew, dead, records, members, jobs, waiting, drain, late, nextDeathMs, nextLateMs] = reply as [
      number,
      string,
      number,
      string[],
      string[] | null,
      number,
      number,
      number,
      number,
      string[],
      number,
      number,
    ];
    const isDrained = drain === -1 ? undefined : drain === 1;
    return {
      now,
      epoch,
      isNew: isNew === 1,
      dead,
      late,
      nextDeathMs,
      nextLateMs,
      records: records ?? undefined,
      members,
      jobs,
      waiting,
      isDrained,
    };
  }

  /** How many jobs were freed; negative when the worker may not be declared dead (now), or has been already. */
  async reap(workerId: string, silentMs = DEAD_AFTER_MS): Promise<number> {
    const k = this.#keys;
    const keys = [k.beats, k.workers, k.grace, ...this.#in('active', 'stalled', 'stalled-check')];
    return (await this.#run('reap', keys, [workerId, silentMs, this.#queue])) as number;
  }

  /** `fields` is the job's hash, written again when it was lost. */
  async reclaim(
    jobId: string,
    token: string,
    lockMs: number,
    epoch: string,
    fields: readonly (string | number)[],
  ): Promise<ReclaimResult> {
    const keys = [...this.#in('active', 'wait', 'stalled'), this.#keys.epoch];
    return (await this.#run('reclaim', keys, [this.#queue, jobId, token, lockMs, epoch, ...fields])) as ReclaimResult;
  }

  async giveBudgetBack(jobId: string, token: string): Promise<boolean> {
    return (await this.#run('giveBudgetBack', this.#job(jobId), [token])) === 1;
  }

  async countFailures(jobId: string, token: string, failures: number): Promise<boolean> {
    return (await this.#run('countFailures', this.#job(jobId), [token, failures])) === 1;
  }

  async adopt(jobId: string, token: string, data: string, options: string): Promise<boolean> {
    return (await this.#run('adopt', this.#job(jobId), [token, data, options])) === 1;
  }

  /** Is it this worker that looks after the whole pool, until `leaseMs` from now? */
  async takeAudit(pool: string, workerId: string, leaseMs: number): Promise<boolean> {
    return (await this.#run('takeAudit', [this.#keys.audit(pool)], [workerId, leaseMs])) === 1;
  }

  /** The active jobs of the pool that have a lock: few commands, and none that holds Redis up. */
  async lockedJobs(): Promise<LockedJob[]> {
    const [active = ''] = this.#in('active');
    const tokens = new Map<string, string>();
    for (let from = 0; ; from += PAGE) {
      const ids = await this.#redis.lrange(active, from, from + PAGE - 1);
      if (ids.length === 0) break;
      const found = await this.#redis.mget(ids.map((id) => `${this.#queue}${id}:lock`));
      for (const [i, token] of found.entries()) if (token !== null) tokens.set(ids[i]!, token);
    }
    return [...tokens].map(([jobId, token]) => ({ jobId, token }));
  }

  /** Records of the workers that beat, as JSON; undefined during grace, when nobody can tell. */
  async beating(): Promise<Map<string, string> | undefined> {
    const { beats, workers, grace } = this.#keys;
    const [ids, records, isGrace] = await Promise.all([
      this.#redis.zrange(beats, '0', '-1'),
      this.#redis.hgetall(workers),
      this.#redis.exists(grace),
    ]);
    return isGrace === 1 ? undefined : new Map(ids.map((id) => [id, records[id] ?? '{}']));
  }

  /** How many jobs were freed. */
  async freeAbandoned(workerId: string, jobs: readonly LockedJob[]): Promise<number> {
    const keys = [this.#keys.beats, this.#keys.grace, ...this.#in('stalled', 'stalled-check')];
    const args = [workerId, this.#queue, ...jobs.flatMap(({ jobId, token }) => [jobId, token])];
    return (await this.#run('freeAbandoned', keys, args)) as number;
  }

  /** Writes as many as Redis can take at a time; answers those that were refused. */
  async report(reports: readonly FencedReport[]): Promise<RefusedReports> {
    const keys = [this.#keys.reports, ...reports.map(({ jobId }) => `${this.#queue}${jobId}:lock`)];
    const args = reports.flatMap((r) => [r.push, r.token, r.report, r.ttlMs]);
    const [foreign, unlocked] = (await this.#run('report', keys, args)) as [number[], number[]];
    return { foreign: foreign.map((place) => reports[place]!), unlocked: unlocked.map((place) => reports[place]!) };
  }

  /** Undefined when the stream is registered now; else the entry of the living worker that has it. */
  async claimLive(stream: string, workerId: string, entry: string, message: string): Promise<string | undefined> {
    const keys = [this.#keys.live, this.#keys.beats, this.#keys.control];
    const holder = await this.#run('claimLive', keys, [stream, workerId, entry, message]);
    return typeof holder === 'string' ? holder : undefined;
  }

  async releaseLive(stream: string, token: string, message: string): Promise<void> {
    await this.#run('releaseLive', [this.#keys.live, this.#keys.control], [stream, token, message]);
  }

  /** Takes this worker off the list: it has handed everything back. */
  async leave(workerId: string): Promise<void> {
    await this.#redis.multi().zrem(this.#keys.beats, workerId).hdel(this.#keys.workers, workerId).exec();
  }

  #in(...names: string[]): string[] {
    return names.map((name) => this.#queue + name);
  }

  #job(jobId: string): string[] {
    return [this.#queue + jobId, `${this.#queue}${jobId}:lock`];
  }

  #run(name: keyof typeof scripts, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    const commands = this.#redis as unknown as Record<string, (...args: (string | number)[]) => Promise<unknown>>;
    return commands[`pushfleet_${name}`]!(keys.length, ...keys, ...args);
  }
}

const scripts = {
  beat: BEAT,
  reap: REAP,
  reclaim: RECLAIM,
  giveBudgetBack: GIVE_BUDGET_BACK,
  countFailures: COUNT_FAILURES,
  adopt: ADOPT,
  takeAudit: TAKE_AUDIT,
  freeAbandoned: FREE_ABANDONED,
  report: REPORT,
  claimLive: CLAIM_LIVE,
  releaseLive: RELEASE_LIVE,
} as const;
