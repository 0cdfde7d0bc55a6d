import type { Clock } from './clock.ts';

/** Samples that fall due within this time leave together: at most 100 timers a second, and nobody sees 10 ms. */
const BATCH_MS = 10;
/** After a longer halt (a blocked event loop, a sleeping laptop) the rest of the time is skipped, not sent in one burst. */
const MAX_BURST_MS = 1000;

/** Says how long a sample has to wait. Every due time is counted from one origin, so late timers do not add up. */
export class Pacer {
  readonly #clock: Clock;
  /** Clock time of media time 0; undefined before the first sample. */
  #originMs: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds until a sample of this media time may leave; 0 when it is due or late. The first sample is due at once. */
  delayMs(mediaMs: number): number {
    const nowMs = this.#clock.now();
    this.#originMs ??= nowMs - mediaMs;
    const earlyMs = this.#originMs + mediaMs - nowMs;
    if (earlyMs > 0) return Math.max(earlyMs, BATCH_MS);
    if (earlyMs < -MAX_BURST_MS) this.#originMs -= earlyMs + MAX_BURST_MS;
    return 0;
  }
}
