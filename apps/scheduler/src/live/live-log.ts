import { randomBytes } from 'node:crypto';
import type { LiveMessages } from '@pushfleet/contract';

/** Bytes of messages that are kept for those who come back. */
const KEPT_BYTES = 16 * 1024 * 1024;

interface Entry {
  readonly number: number;
  readonly bytes: Buffer;
}

/** Where a client is in the feed: the newest event it has, and the newest message of which log. */
export interface LiveCursor {
  readonly event: string;
  readonly log: string;
  readonly number: number;
}

/** `1700000000000-0~1f9a0c3d.17`; a bare id of an event stands for a client that has no message of any log. */
export function parseCursor(text: string): LiveCursor {
  const [event = '', place = ''] = text.split('~');
  const [log = '', number = '-1'] = place.split('.');
  return { event, log, number: Number(number) };
}

/** The messages of the feed as bytes, made once for all clients; the newest ones are kept. */
export class LiveLog {
  readonly #name = randomBytes(4).toString('hex');
  readonly #entries: Entry[] = [];
  #keptBytes = 0;
  #number = 0;
  #event: string;

  /** `event`: id of the newest event before the first message. */
  constructor(event: string) {
    this.#event = event;
  }

  get cursor(): string {
    return `${this.#event}~${this.#name}.${this.#number}`;
  }

  /** `event`: id of the newest event, when this message brings it. */
  append<K extends keyof LiveMessages>(kind: K, data: LiveMessages[K], event = this.#event): Buffer {
    this.#event = event;
    this.#number++;
    const bytes = encode(kind, JSON.stringify(data), this.cursor);
    this.#entries.push({ number: this.#number, bytes });
    this.#keptBytes += bytes.length;
    while (this.#keptBytes > KEPT_BYTES) this.#keptBytes -= this.#entries.shift()!.bytes.length;
    return bytes;
  }

  /** The messages after this place; undefined when some are gone, or the place is in another log. */
  after({ log, number }: LiveCursor): Buffer[] | undefined {
    if (log !== this.#name || number > this.#number) return undefined;
    const missed = this.#entries.filter((entry) => entry.number > number);
    return missed.length === this.#number - number ? missed.map(({ bytes }) => bytes) : undefined;
  }
}

/** One server-sent event. JSON on one line has no line feed in it. */
export function encode(event: keyof LiveMessages, json: string, id: string): Buffer {
  return Buffer.from(`id: ${id}\nevent: ${event}\ndata: ${json}\n\n`);
}
