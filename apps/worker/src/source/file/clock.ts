import { setTimeout as delay } from 'node:timers/promises';

/** Time as a paced source sees it; tests put in one that does not wait. */
export interface Clock {
  /** Milliseconds since some fixed moment; never goes back. */
  now(): number;
  /** Resolves after `ms`, or as soon as the signal aborts; never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  // Rounded up: a timer that fires a fraction of a millisecond early would cost a second one.
  sleep: (ms, signal) => delay(Math.ceil(ms), undefined, { signal }).catch(() => {}),
};
