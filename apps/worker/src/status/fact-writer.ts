import {
  EVENTS_LENGTH,
  errorCounter,
  type FleetEvent,
  JOURNAL_LENGTH,
  type JournalEntry,
  type Keys,
} from '@pushfleet/contract';
import type { ChainableCommander, Redis } from 'ioredis';

/** While Redis is away facts are kept, up to this many; the oldest go first. */
const MAX_KEPT = 10_000;
const FLUSH_AFTER_MS = 20;

/** Puts an entry in the place of what another worker has told of the same attempt, or on top when nobody has. */
const CORRECT_JOURNAL = `
local right = cjson.decode(ARGV[1])
for i, text in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  local entry = cjson.decode(text)
  if entry.cause == 'worker_lost' and entry.worker == right.worker and entry.started_at == right.started_at then
    return redis.call('LSET', KEYS[1], i - 1, ARGV[1])
  end
end
redis.call('LPUSH', KEYS[1], ARGV[1]); redis.call('LTRIM', KEYS[1], 0, ARGV[2] - 1)
return 0`;

type Fact = (pipeline: ChainableCommander) => void;

/** Writes what has happened: events, journal entries, totals. In order, in the background, kept while Redis is away. */
export class FactWriter {
  readonly #redis: Redis;
  readonly #keys: Keys;
  #facts: Fact[] = [];
  #flushing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(redis: Redis, keys: Keys) {
    this.#redis = redis;
    this.#keys = keys;
  }

  event(event: FleetEvent): void {
    const json = JSON.stringify(event);
    this.#add((pipeline) => pipeline.xadd(this.#keys.events, 'MAXLEN', '~', EVENTS_LENGTH, '*', 'e', json));
  }

  journal(push: string, entry: JournalEntry): void {
    const key = this.#keys.journal(push);
    const json = JSON.stringify(entry);
    this.#add((pipeline) => pipeline.lpush(key, json).ltrim(key, 0, JOURNAL_LENGTH - 1));
  }

  /** Of an attempt that others may have taken for lost with this worker, and told of in its place. */
  correctJournal(push: string, entry: JournalEntry): void {
    const key = this.#keys.journal(push);
    const json = JSON.stringify(entry);
    this.#add((pipeline) => pipeline.eval(CORRECT_JOURNAL, 1, key, json, JOURNAL_LENGTH));
  }

  failure(push: string, code: string, final: boolean): void {
    const key = this.#keys.counters(push);
    this.#add((pipeline) => {
      pipeline.hincrby(key, errorCounter(code), 1);
      if (!final) pipeline.hincrby(key, 'retries_total', 1);
    });
  }

  counters(push: string, add: { bytes: number; droppedFrames: number; sessions: number }): void {
    const key = this.#keys.counters(push);
    this.#add((pipeline) => {
      if (add.bytes > 0) pipeline.hincrby(key, 'bytes_total', add.bytes);
      if (add.droppedFrames > 0) pipeline.hincrby(key, 'dropped_frames_total', add.droppedFrames);
      if (add.sessions > 0) pipeline.hincrby(key, 'sessions_total', add.sessions);
    });
  }

  /** Resolves when everything known now is written. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#facts.length > 0 || this.#flushing !== undefined) {
      this.#flushing ??= this.#write().finally(() => {
        this.#flushing = undefined;
      });
      await this.#flushing;
    }
  }

  #add(fact: Fact): void {
    this.#facts.push(fact);
    if (this.#facts.length > MAX_KEPT) this.#facts.shift();
    if (this.#flushing === undefined) this.#timer ??= setTimeout(() => void this.flush(), FLUSH_AFTER_MS);
  }

  async #write(): Promise<void> {
    const pipeline = this.#redis.pipeline();
    for (const fact of this.#facts.splice(0, 1_000)) fact(pipeline);
    // A fact that Redis refuses is lost: it must neither hold the others up nor end the process.
    await pipeline.exec().catch(() => {});
  }
}
