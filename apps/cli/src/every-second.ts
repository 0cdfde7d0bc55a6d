import { setTimeout as sleep } from 'node:timers/promises';

/** Does `work` now and then once a second, never twice at a time, until `signal` is aborted. What `work` rejects with ends it. */
export async function everySecond(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    const next = performance.now() + 1000;
    await work();
    await sleep(Math.max(50, next - performance.now()), undefined, { signal }).catch(() => {});
  }
}
