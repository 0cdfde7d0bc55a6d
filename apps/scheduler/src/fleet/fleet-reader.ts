import type { Keys, LiveSource, WorkerRecord } from '@pushfleet/contract';
import type { Redis } from 'ioredis';
import { type Reading, Recent } from '../redis/recent.ts';
import { repliesOf } from '../redis/replies.ts';
import { type FleetMember, fleetMember } from './fleet-member.ts';

/** The workers, and the streams that are published to them. */
export interface Fleet {
  readonly members: readonly FleetMember[];
  readonly live: ReadonlyMap<string, LiveSource>;
}

const MAX_AGE_MS = 250;

/** Reads what the workers say of themselves. */
export class FleetReader {
  readonly #redis: Redis;
  readonly #keys: Keys;
  readonly #fleet: Recent<Fleet>;

  constructor(redis: Redis, keys: Keys) {
    this.#redis = redis;
    this.#keys = keys;
    this.#fleet = new Recent(() => this.#read(), MAX_AGE_MS, { members: [], live: new Map() });
  }

  /** At most 250 ms old while Redis answers. */
  get(): Promise<Reading<Fleet>> {
    return this.#fleet.get();
  }

  async #read(): Promise<Fleet> {
    const { workers, beats, live } = this.#keys;
    const transaction = this.#redis.multi().hvals(workers).zrange(beats, '0', '-1', 'WITHSCORES').hgetall(live).time();
    const replies = await repliesOf(transaction);
    const [records, scores, sources, [seconds, micros]] = replies as [
      string[],
      string[],
      Record<string, string>,
      [string, string],
    ];
    const nowMs = Number(seconds) * 1000 + Number(micros) / 1000;
    const beatMs = new Map(scores.map((id, i) => [id, Number(scores[i + 1])]));
    return {
      members: records
        .map((json) => JSON.parse(json) as WorkerRecord)
        .map((record) => fleetMember(record, beatMs.get(record.id) ?? 0, nowMs))
        .sort((a, b) => a.name.localeCompare(b.name)),
      live: new Map(Object.entries(sources).map(([stream, json]) => [stream, JSON.parse(json) as LiveSource])),
    };
  }
}
