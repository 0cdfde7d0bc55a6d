import type { M4sSession } from '@pushfleet/protocols';

interface Seen {
  readonly epoch: number;
  /** performance.now() when the publication ended; undefined while it goes on. */
  readonly endedAt: number | undefined;
}

/** An attempt that was given up wakes within minutes, or never. */
const KEPT_MS = 15 * 60_000;
const MAX_ENDED = 10_000;

/**
 * Knows the newest attempt of each push that has published here, so that an older one, which its fleet has given up and which does not know
 * yet, cannot come back. Pushes of different streams have nothing to do with one another, whatever they call themselves.
 */
export class SessionFence {
  readonly #maxEnded: number;
  /** Those that go on, and those that have ended: the longest ago first. */
  readonly #live = new Map<string, Seen>();
  readonly #ended = new Map<string, Seen>();

  constructor(maxEnded = MAX_ENDED) {
    this.#maxEnded = maxEnded;
  }

  /** Is there a newer attempt than this one, or this very one already? */
  isOutdated(stream: string, { push, epoch }: M4sSession, now = performance.now()): boolean {
    const key = keyOf(stream, push);
    const seen = this.#live.get(key) ?? this.#ended.get(key);
    if (seen === undefined || epoch > seen.epoch) return false;
    return seen.endedAt === undefined || now - seen.endedAt < KEPT_MS;
  }

  began(stream: string, { push, epoch }: M4sSession): void {
    const key = keyOf(stream, push);
    this.#ended.delete(key);
    this.#live.set(key, { epoch, endedAt: undefined });
  }

  ended(stream: string, { push, epoch }: M4sSession, now = performance.now()): void {
    const key = keyOf(stream, push);
    if (this.#live.get(key)?.epoch !== epoch) return; // a newer one goes on
    this.#live.delete(key);
    this.#ended.set(key, { epoch, endedAt: now });
    this.#forget(now);
  }

  #forget(now: number): void {
    for (const [key, { endedAt = now }] of this.#ended) {
      if (now - endedAt < KEPT_MS && this.#ended.size <= this.#maxEnded) return;
      this.#ended.delete(key);
    }
  }
}

const keyOf = (stream: string, push: string): string => `${stream} ${push}`;
