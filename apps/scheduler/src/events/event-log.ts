import { EVENTS_LENGTH, type FleetEvent, fleetEventSchema, type Keys } from '@pushfleet/contract';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { chunksOf } from '../redis/chunks.ts';
import { repliesOf } from '../redis/replies.ts';

/** An event with its place in the fleet's stream. */
export interface NumberedEvent {
  /** Id in the Redis stream. */
  readonly id: string;
  readonly event: FleetEvent;
}

/** One entry of XRANGE or XREAD: id and flat fields. */
export type StreamEntry = readonly [id: string, fields: readonly string[]];

const PAGE = 1_000;

/** The fleet's capped stream of events: what has happened, not what is true. */
export class EventLog {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #log: Logger;

  constructor(redis: Redis, keys: Keys, log: Logger) {
    this.#redis = redis;
    this.#key = keys.events;
    this.#log = log;
  }

  /** Never rejects: an event that is lost changes nothing. */
  async append(events: readonly Omit<FleetEvent, 'at'>[]): Promise<void> {
    const at = new Date().toISOString();
    try {
      for (const chunk of chunksOf(events)) {
        const pipeline = this.#redis.pipeline();
        for (const event of chunk) {
          pipeline.xadd(
            this.#key,
            'MAXLEN',
            '~',
            EVENTS_LENGTH,
            '*',
            'e',
            JSON.stringify({ ...event, at } satisfies FleetEvent),
          );
        }
        await repliesOf(pipeline);
      }
    } catch (error) {
      this.#log.warn({ err: error, events: events.length }, 'events lost');
    }
  }

  /** Events after this id, oldest first, page by page. */
  async *after(id: string): AsyncGenerator<NumberedEvent[]> {
    for (let start = `(${id}`; ; ) {
      const entries = await this.#redis.xrange(this.#key, start, '+', 'COUNT', PAGE);
      yield entries.map(parseEntry).filter((event) => event !== undefined);
      const last = entries.at(-1);
      if (last === undefined || entries.length < PAGE) return;
      start = `(${last[0]}`;
    }
  }

  /** The id of the oldest event kept, undefined when there is none. */
  async oldestId(): Promise<string | undefined> {
    return (await this.#redis.xrange(this.#key, '-', '+', 'COUNT', 1))[0]?.[0];
  }

  /** The newest events, newest first. */
  async newest(limit: number): Promise<NumberedEvent[]> {
    const entries = await this.#redis.xrevrange(this.#key, '+', '-', 'COUNT', limit);
    return entries.map(parseEntry).filter((event) => event !== undefined);
  }

  /** The newest events of one push, newest first. */
  async ofPush(id: string, limit: number): Promise<NumberedEvent[]> {
    const found: NumberedEvent[] = [];
    const mark = `"push":${JSON.stringify(id)}`;
    for (let end = '+'; ; ) {
      const entries = await this.#redis.xrevrange(this.#key, end, '-', 'COUNT', PAGE);
      for (const entry of entries) {
        if (!entry[1][1]?.includes(mark)) continue;
        const event = parseEntry(entry);
        if (event?.event.push === id) found.push(event);
        if (found.length >= limit) return found;
      }
      const last = entries.at(-1);
      if (last === undefined || entries.length < PAGE) return found;
      end = `(${last[0]}`;
    }
  }
}

/** Undefined for an entry that is not an event of ours. */
export function parseEntry([id, fields]: StreamEntry): NumberedEvent | undefined {
  try {
    const event = fleetEventSchema.safeParse(JSON.parse(fields[fields.indexOf('e') + 1] ?? ''));
    return event.success ? { id, event: event.data } : undefined;
  } catch {
    return undefined;
  }
}
