import type { Keys } from '@pushfleet/contract';
import type { Redis } from 'ioredis';
import { type NumberedEvent, parseEntry, type StreamEntry } from './event-log.ts';

const BLOCK_MS = 5_000;
const RETRY_MS = 500;

/** Follows the fleet's events with one blocking read for the whole process, and hands each one to all listeners. */
export class EventTail {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #listeners = new Set<(event: NumberedEvent) => void>();
  #lastId: string | undefined;
  #stopped = false;

  /** `redis` is a connection of its own: it blocks. */
  constructor(redis: Redis, keys: Keys) {
    this.#redis = redis;
    this.#key = keys.events;
  }

  /** Id of the newest event that was heard of, or that was there at the start. */
  get position(): string {
    return this.#lastId ?? '0-0';
  }

  start(): void {
    void this.#follow();
  }

  /** The read under way ends with its connection. */
  stop(): void {
    this.#stopped = true;
  }

  /** Returns what ends the subscription. */
  subscribe(listener: (event: NumberedEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #follow(): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.#readOnce();
      } catch {
        // Redis is away; its connection has reported that. Events that come meanwhile are read afterwards.
        if (!this.#stopped) await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
      }
    }
  }

  async #readOnce(): Promise<void> {
    this.#lastId ??= await this.#newestId();
    const reply = await this.#redis.xread('COUNT', 1_000, 'BLOCK', BLOCK_MS, 'STREAMS', this.#key, this.#lastId);
    for (const entry of (reply?.[0]?.[1] ?? []) as StreamEntry[]) {
      this.#lastId = entry[0];
      const event = parseEntry(entry);
      if (event !== undefined) for (const listener of this.#listeners) listener(event);
    }
  }

  async #newestId(): Promise<string> {
    return (await this.#redis.xrevrange(this.#key, '+', '-', 'COUNT', 1))[0]?.[0] ?? '0-0';
  }
}
