import type { FleetEvent } from '@pushfleet/contract';
import type { EventLog, NumberedEvent } from '../events/event-log.ts';
import type { EventTail } from '../events/event-tail.ts';
import { hostOf } from '../push/derived.ts';

/** Failures of one kind at one target host, as the events tell of them. */
export interface LoggedErrors {
  readonly code: string;
  readonly host: string;
  readonly attempts: number;
  /** RFC 3339, as are all times here. */
  readonly firstSeen: string;
  readonly lastSeen: string;
  readonly lastMessage: string;
}

const MAX_KINDS = 5_000;

/** Counts the failed attempts that are in the events that are kept, and those that come. */
export class ErrorLog {
  readonly #events: EventLog;
  readonly #kinds = new Map<string, LoggedErrors>();
  #waiting: NumberedEvent[] | undefined = [];
  #reading: Promise<void> | undefined;

  constructor(events: EventLog, tail: EventTail) {
    this.#events = events;
    // Those that come while the past is read wait for it.
    tail.subscribe((event) => (this.#waiting === undefined ? this.#count(event.event) : this.#waiting.push(event)));
  }

  /** The kind that was seen last comes last. Rejects with Redis's error until the past could be read. */
  async kinds(): Promise<readonly LoggedErrors[]> {
    if (this.#waiting !== undefined) {
      this.#reading ??= this.#readPast().finally(() => {
        this.#reading = undefined;
      });
      await this.#reading;
    }
    return [...this.#kinds.values()];
  }

  async #readPast(): Promise<void> {
    this.#kinds.clear();
    const read = new Set<string>();
    for await (const page of this.#events.after('0'))
      for (const { id, event } of page) {
        read.add(id);
        this.#count(event);
      }
    for (const { id, event } of this.#waiting ?? []) if (!read.has(id)) this.#count(event);
    this.#waiting = undefined;
  }

  #count({ event, cause, url = '', message = '', at }: FleetEvent): void {
    if ((event !== 'push_retry' && event !== 'push_error') || cause === undefined) return;
    const host = hostOf(url);
    const key = `${cause} ${host}`;
    const known = this.#kinds.get(key);
    this.#kinds.delete(key);
    this.#kinds.set(key, {
      code: cause,
      host,
      attempts: (known?.attempts ?? 0) + 1,
      firstSeen: known?.firstSeen ?? at,
      lastSeen: at,
      lastMessage: message,
    });
    if (this.#kinds.size > MAX_KINDS) this.#kinds.delete(this.#kinds.keys().next().value!);
  }
}
