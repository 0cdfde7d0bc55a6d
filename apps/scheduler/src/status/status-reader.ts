import {
  type DesiredPush,
  type Keys,
  type PushReport,
  type PushView,
  parseStoredReport,
  stillSpeaks,
} from '@pushfleet/contract';
import type { Redis } from 'ioredis';
import type { Fleet, FleetReader } from '../fleet/fleet-reader.ts';
import { assertLoaded, type DesiredCache } from '../push/desired-cache.ts';
import { chunksOf } from '../redis/chunks.ts';
import { Recent } from '../redis/recent.ts';
import { repliesOf } from '../redis/replies.ts';
import { isRedisUnavailable } from '../redis/unavailable.ts';
import { type PushFacts, projectPush } from './status-projection.ts';
import type { EffectView } from './wait-for-effect.ts';

/** What the workers have said of themselves and of their pushes. */
export interface StatusSnapshot extends Fleet {
  readonly reports: ReadonlyMap<string, PushReport>;
  /** Redis did not answer: this is what was read last. */
  readonly stale: boolean;
}

type Counters = Readonly<Record<string, string>>;

/** Lists are read at most this often, however many people look. */
const MAX_AGE_MS = 250;

/** Reads status: all reports as one snapshot for everybody who asks, counters only of the pushes that are shown. */
export class StatusReader {
  readonly #redis: Redis;
  readonly #keys: Keys;
  readonly #cache: DesiredCache;
  readonly #fleet: FleetReader;
  readonly #reports: Recent<ReadonlyMap<string, PushReport>>;
  /** As they came, so that a report which has not changed is not parsed again. */
  #texts = new Map<string, string>();
  readonly #counters = new WeakMap<DesiredPush, Counters>();

  constructor(redis: Redis, keys: Keys, cache: DesiredCache, fleet: FleetReader) {
    this.#redis = redis;
    this.#keys = keys;
    this.#cache = cache;
    this.#fleet = fleet;
    this.#reports = new Recent(() => this.#readReports(), MAX_AGE_MS, new Map());
  }

  /** Rejects with `redis_unavailable` only when Redis was never reached. */
  async snapshot(): Promise<StatusSnapshot> {
    assertLoaded(this.#cache);
    const [reports, fleet] = await Promise.all([this.#reports.get(), this.#fleet.get()]);
    return { ...fleet.value, reports: reports.value, stale: reports.stale || fleet.stale };
  }

  facts(push: DesiredPush, { reports, members }: Pick<StatusSnapshot, 'reports' | 'members'>): PushFacts {
    return { push, stream: this.#cache.streams.get(push.stream), report: reports.get(push.id), workers: members };
  }

  /** The API's views of these pushes. */
  async views(
    pushes: readonly DesiredPush[],
    snapshot: StatusSnapshot,
  ): Promise<{ views: PushView[]; stale: boolean }> {
    const counted = await this.#readCounters(pushes);
    const nowMs = Date.now();
    const views = pushes.map((push) => projectPush(this.facts(push, snapshot), this.#counters.get(push) ?? {}, nowMs));
    return { views, stale: snapshot.stale || !counted };
  }

  /** The API's view of one push, read now. */
  async view(push: DesiredPush): Promise<EffectView & { stale: boolean }> {
    assertLoaded(this.#cache);
    const fleet = await this.#fleet.get();
    const [reports, counted] = await Promise.all([this.#readReport(push.id), this.#readCounters([push])]);
    const facts = this.facts(push, { members: fleet.value.members, reports: reports ?? this.#reports.latest.value });
    const view = projectPush(facts, this.#counters.get(push) ?? {}, Date.now());
    const isCurrent = facts.report?.revision === push.revision;
    return { view, isCurrent, stale: fleet.stale || reports === undefined || !counted };
  }

  async #readReports(): Promise<Map<string, PushReport>> {
    const known = this.#reports.latest.value;
    const texts = new Map<string, string>();
    const reports = new Map<string, PushReport>();
    for (const ids of chunksOf(this.#cache.pushes.keys())) {
      const { nowMs, stored } = await this.#readStored(ids);
      for (const [i, text] of stored.entries()) {
        const id = ids[i]!;
        if (text === null || !stillSpeaks(text, nowMs)) continue;
        texts.set(id, text);
        const same = this.#texts.get(id) === text ? known.get(id) : undefined;
        reports.set(id, same ?? parseStoredReport(text));
      }
    }
    this.#texts = texts;
    return reports;
  }

  /** What Redis keeps of these pushes, and its time. */
  async #readStored(ids: readonly string[]): Promise<{ nowMs: number; stored: (string | null)[] }> {
    const pipeline = this.#redis
      .pipeline()
      .time()
      .hmget(this.#keys.reports, ...ids);
    const [[seconds, micros], stored] = (await repliesOf(pipeline)) as [[string, string], (string | null)[]];
    return { nowMs: Number(seconds) * 1_000 + Number(micros) / 1_000, stored };
  }

  /** A map with one report or none; undefined when Redis does not answer. */
  #readReport(id: string): Promise<Map<string, PushReport> | undefined> {
    return unlessUnavailable(async () => {
      const { nowMs, stored } = await this.#readStored([id]);
      const text = stored[0] ?? '';
      return new Map(stillSpeaks(text, nowMs) ? [[id, parseStoredReport(text)]] : []);
    });
  }

  /** False when Redis does not answer: the counters read last stay. */
  async #readCounters(pushes: readonly DesiredPush[]): Promise<boolean> {
    const read = await unlessUnavailable(async () => {
      for (const chunk of chunksOf(pushes)) {
        const pipeline = this.#redis.pipeline();
        for (const { id } of chunk) pipeline.hgetall(this.#keys.counters(id));
        const replies = (await repliesOf(pipeline)) as Counters[];
        for (const [i, counters] of replies.entries()) this.#counters.set(chunk[i]!, counters);
      }
      return true;
    });
    return read ?? false;
  }
}

async function unlessUnavailable<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isRedisUnavailable(error)) return undefined;
    throw error;
  }
}
