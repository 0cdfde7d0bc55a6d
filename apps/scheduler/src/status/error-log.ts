import type { FleetEvent } from '@pushfleet/contract';
import type { EventLog, NumberedEvent } from '../events/event-log.ts';
import type { EventTail } from '../events/event-tail.ts';
import { compareStreamIds } from '../events/stream-id.ts';
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

/** Counts the failed attempts that are in the events that are kept, and those that come. Nothing is kept before somebody asks. */
export class ErrorLog {
  readonly #events: EventLog;
  readonly #kinds = new Map<string, LoggedErrors>();
  /** Id of the last event of the past; undefined until that has been read. */
  #readTo: string | undefined;
  #reading: Promise<void> | undefined;
  /** Those that come while the past is read. */
  #early: NumberedEvent[] = [];

  constructor(events: EventLog, tail: Pick<EventTail, 'subscribe'>) {
    this.#events = events;
    tail.subscribe((event) => {
      if (this.#readTo !== undefined) this.#countNew(event, this.#readTo);
      else if (this.#reading !== undefined) this.#early.push(event);
    });
  }

  /** The kind that was seen last comes last. Rejects with Redis's error until the past could be read. */
  async kinds(): Promise<readonly LoggedErrors[]> {
    if (this.#readTo === undefined) {
      this.#reading ??= this.#readPast().finally(() => {
        this.#reading = undefined;
        this.#early = [];
      });
      await this.#reading;
    }
    return [...this.#kinds.values()];
  }

  async #readPast(): Promise<void> {
    this.#kinds.clear();
    let last = '0-0';
    for await (const page of this.#events.after(last))
      for (const { id, event } of page) {
        last = id;
        this.#count(event);
      }
    for (const event of this.#early) this.#countNew(event, last);
    this.#readTo = last;
  }

  /** Whoever follows the events may hear late of what has been read. */
  #countNew({ id, event }: NumberedEvent, readTo: string): void {
    if (compareStreamIds(id, readTo) > 0) this.#count(event);
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
