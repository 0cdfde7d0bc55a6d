import { randomUUID } from 'node:crypto';
import {
  type ControlMessage,
  type DesiredPush,
  type DesiredStream,
  type Drain,
  type Keys,
  parsePush,
  parseStream,
  type RestingError,
  serializePush,
  serializeStream,
} from '@pushfleet/contract';
import type { Redis } from 'ioredis';
import { chunksOf } from '../redis/chunks.ts';
import { repliesOf } from '../redis/replies.ts';
import { throwUnavailable } from '../redis/unavailable.ts';
import { type ScriptCall, StoreScripts } from './store-scripts.ts';

/** As the worker's heartbeat has them: the first who sees a break protects the fleet. */
const GAP_MS = 2_000;
const GRACE_MS = 4_000;

/** How far desired state has come, and in which data set. */
export interface Pulse {
  /** Name of the data set; another one means that changes were lost. */
  readonly epoch: string;
  /** The data set is new, or Redis was away just now: nobody may be declared dead, and others may have to put back what they know. */
  readonly grace: boolean;
  /** The highest revision given out. */
  readonly revision: number;
  readonly pushCount: number;
  readonly streamCount: number;
}

/** A change that was made from `expected`, the revision read before (0: the object did not exist). */
export interface Change<T> {
  readonly value: T;
  readonly expected: number;
  /** The object begins a new life: what was known of an earlier one with its id is deleted. */
  readonly fresh?: boolean;
}

/** The error in which a push rests from now on; null when it rests no more. */
export interface ErrorChange {
  readonly push: DesiredPush;
  readonly error: RestingError | null;
}

/**
 * Desired state in Redis. Every write is one script: it takes the next revision, writes the hash and the index, and tells the fleet.
 * Rejects with ApiError `redis_unavailable` when Redis is away.
 */
export class PushStore {
  readonly #redis: Redis;
  readonly #scripts: StoreScripts;
  readonly #keys: Keys;

  constructor(redis: Redis, keys: Keys) {
    this.#redis = redis;
    this.#scripts = new StoreScripts(redis);
    this.#keys = keys;
  }

  /** `floor`: the highest revision that the caller knows of. */
  async pulse(floor: number): Promise<Pulse> {
    const k = this.#keys;
    const keys = [k.epoch, k.lastBeat, k.grace, k.revision, k.pushes, k.streams];
    const args = [randomUUID(), GAP_MS, GRACE_MS, floor];
    const reply = await this.#scripts.run('pulse', { keys, args }).catch(throwUnavailable);
    const [epoch, grace, revision, pushCount, streamCount] = reply as [string, number, number, number, number];
    return { epoch, grace: grace === 1, revision, pushCount, streamCount };
  }

  /** The new revisions, in order; -1 where the object has been changed by somebody else meanwhile. */
  async savePushes(changes: readonly Change<DesiredPush>[], floor: number): Promise<number[]> {
    const k = this.#keys;
    const calls = changes.map(({ value, expected, fresh }): ScriptCall => {
      const { id } = value;
      return {
        keys: [k.revision, k.pushes, k.push(id), k.epoch, ...(fresh ? this.#traces(id) : [])],
        args: [id, String(expected), floor, ...this.#announce({ op: 'push', push: id }), ...flat(serializePush(value))],
      };
    });
    return (await this.#scripts.runAll('save', calls).catch(throwUnavailable)) as number[];
  }

  /** As `savePushes`. */
  async saveStreams(changes: readonly Change<DesiredStream>[], floor: number): Promise<number[]> {
    const k = this.#keys;
    const calls = changes.map(
      ({ value, expected }): ScriptCall => ({
        keys: [k.revision, k.streams, k.stream(value.name), k.epoch],
        args: [
          value.name,
          String(expected),
          floor,
          // A stream that people have changed is looked at like one that has come or gone.
          ...this.#announce({ op: 'live', stream: value.name }),
          ...flat(serializeStream(value)),
        ],
      }),
    );
    return (await this.#scripts.runAll('save', calls).catch(throwUnavailable)) as number[];
  }

  /** Sets or clears resting errors; false where the push has another revision now. */
  async setErrors(changes: readonly ErrorChange[]): Promise<boolean[]> {
    const calls = changes.map(({ push, error }): ScriptCall => {
      const text = error === null ? '' : JSON.stringify(error);
      return {
        keys: [this.#keys.push(push.id)],
        args: [String(push.revision), text, ...this.#announce({ op: 'push', push: push.id })],
      };
    });
    return (await this.#scripts.runAll('setError', calls).catch(throwUnavailable)).map((set) => set === 1);
  }

  async purgePushes(pushes: readonly DesiredPush[]): Promise<void> {
    const calls = pushes.map(
      ({ id, revision }): ScriptCall => ({
        keys: [this.#keys.pushes, this.#keys.push(id), ...this.#traces(id)],
        args: [id, String(revision)],
      }),
    );
    await this.#scripts.runAll('purge', calls).catch(throwUnavailable);
  }

  async purgeStreams(streams: readonly DesiredStream[]): Promise<void> {
    const calls = streams.map(
      ({ name, revision }): ScriptCall => ({
        keys: [this.#keys.streams, this.#keys.stream(name)],
        args: [name, String(revision)],
      }),
    );
    await this.#scripts.runAll('purge', calls).catch(throwUnavailable);
  }

  /** By name of the worker. */
  async readDrains(): Promise<Map<string, Drain>> {
    const texts = await this.#redis.hgetall(this.#keys.drains).catch(throwUnavailable);
    return new Map(Object.entries(texts).map(([name, text]) => [name, JSON.parse(text) as Drain]));
  }

  /** Null lets the worker of this name take pushes again. */
  async saveDrain(worker: string, drain: Drain | null): Promise<void> {
    const { drains } = this.#keys;
    const change = this.#redis.multi();
    if (drain === null) change.hdel(drains, worker);
    else change.hset(drains, worker, JSON.stringify(drain));
    change.publish(...this.#announce({ op: 'drain', worker }));
    await repliesOf(change).catch(throwUnavailable);
  }

  /** As `restore`, for drains. */
  async restoreDrains(drains: ReadonlyMap<string, Drain>): Promise<void> {
    const pipeline = this.#redis.pipeline();
    for (const [worker, drain] of drains) pipeline.hsetnx(this.#keys.drains, worker, JSON.stringify(drain));
    await repliesOf(pipeline).catch(throwUnavailable);
  }

  /** Puts back what a lost data set has forgotten. */
  async restore(pushes: readonly DesiredPush[], streams: readonly DesiredStream[]): Promise<void> {
    const k = this.#keys;
    const calls = [
      ...streams.map(
        (stream): ScriptCall => ({
          keys: [k.streams, k.stream(stream.name)],
          args: [stream.name, stream.revision, ...flat(serializeStream(stream))],
        }),
      ),
      ...pushes.map(
        (push): ScriptCall => ({
          keys: [k.pushes, k.push(push.id)],
          args: [push.id, push.revision, ...flat(serializePush(push))],
        }),
      ),
    ];
    await this.#scripts.runAll('restore', calls).catch(throwUnavailable);
  }

  /** Ids of the pushes that have changed after this revision, with their revisions; all of them for -1. */
  changedPushes(after: number): Promise<Map<string, number>> {
    return this.#changed(this.#keys.pushes, after);
  }

  changedStreams(after: number): Promise<Map<string, number>> {
    return this.#changed(this.#keys.streams, after);
  }

  /** Undefined where there is no such push. */
  async readPushes(ids: Iterable<string>): Promise<(DesiredPush | undefined)[]> {
    return (await this.#readHashes(ids, (id) => this.#keys.push(id))).map(parsePush);
  }

  async readStreams(names: Iterable<string>): Promise<(DesiredStream | undefined)[]> {
    return (await this.#readHashes(names, (name) => this.#keys.stream(name))).map(parseStream);
  }

  async #changed(index: string, after: number): Promise<Map<string, number>> {
    const reply = await this.#redis.zrangebyscore(index, `(${after}`, '+inf', 'WITHSCORES').catch(throwUnavailable);
    const changed = new Map<string, number>();
    for (let i = 0; i < reply.length; i += 2) changed.set(reply[i]!, Number(reply[i + 1]));
    return changed;
  }

  async #readHashes(ids: Iterable<string>, key: (id: string) => string): Promise<Record<string, string>[]> {
    const hashes: Record<string, string>[] = [];
    for (const chunk of chunksOf(ids)) {
      const pipeline = this.#redis.pipeline();
      for (const id of chunk) pipeline.hgetall(key(id));
      hashes.push(...((await repliesOf(pipeline).catch(throwUnavailable)) as Record<string, string>[]));
    }
    return hashes;
  }

  #announce(message: ControlMessage): [string, string] {
    return [this.#keys.control, JSON.stringify(message)];
  }

  /** Keys of what is known of a push beside its desired state; the first is a hash of all pushes. */
  #traces(id: string): string[] {
    return [this.#keys.reports, this.#keys.counters(id), this.#keys.journal(id), this.#keys.memory(id)];
  }
}

const flat = (fields: Record<string, string>): string[] => Object.entries(fields).flat();
