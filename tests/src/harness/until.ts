import { setTimeout as sleep } from 'node:timers/promises';

export interface UntilOptions {
  /** What is waited for, as the rest of the sentence "waited ... for"; a function is asked when the time is over. */
  readonly what: string | (() => string);
  /** Ends a wait for what will never come: long enough for a machine that has other things to do. */
  readonly timeoutMs?: number;
  readonly everyMs?: number;
}

/**
 * Asks `condition` again and again until it answers with something truthy, which is the result. A condition that throws has not come
 * true yet; what it threw last is told when the time is over.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  { what, timeoutMs = 60_000, everyMs = 50 }: UntilOptions,
): Promise<Exclude<T, undefined | null | false | 0 | ''>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    let failure: unknown;
    try {
      const value = await condition();
      if (value) return value as Exclude<T, undefined | null | false | 0 | ''>;
    } catch (error) {
      failure = error;
    }
    if (Date.now() >= deadline) {
      const subject = typeof what === 'string' ? what : what();
      const reason = failure === undefined ? '' : `: ${failure}`;
      throw new Error(`waited ${timeoutMs} ms for ${subject}${reason}`, { cause: failure });
    }
    await sleep(everyMs);
  }
}
