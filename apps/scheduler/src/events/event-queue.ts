import type { NumberedEvent } from './event-log.ts';
import { compareStreamIds } from './stream-id.ts';

/** A client that is this far behind is cut off; it comes back with the id of its last event. */
const MAX_PENDING = 5_000;

/** Events that wait for one client, in order; ends when it is closed. */
export class EventQueue {
  readonly #isWanted: (event: NumberedEvent) => boolean;
  #pending: NumberedEvent[] = [];
  #wake: (() => void) | undefined;
  #sentTo = '0-0';
  #closed = false;

  constructor(isWanted: (event: NumberedEvent) => boolean) {
    this.#isWanted = isWanted;
  }

  push(event: NumberedEvent): void {
    if (!this.#isWanted(event)) return;
    this.#pending.push(event);
    if (this.#pending.length > MAX_PENDING) this.close();
    this.#wake?.();
  }

  /** Events up to this id were sent already. */
  skipTo(id: string): void {
    this.#sentTo = id;
  }

  close(): void {
    this.#closed = true;
    this.#pending = [];
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<NumberedEvent> {
    while (!this.#closed) {
      const batch = this.#pending;
      this.#pending = [];
      for (const event of batch) if (compareStreamIds(event.id, this.#sentTo) > 0) yield event;
      if (this.#pending.length > 0 || this.#closed) continue;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }
}
