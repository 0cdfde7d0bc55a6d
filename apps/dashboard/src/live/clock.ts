import { useSyncExternalStore } from 'react';
import { liveStore } from './live-store.ts';

/** One timer for every countdown and uptime of the page: they all change in the same frame. */
const TICK_MS = 250;
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let nowMs = Date.now();

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) nowMs = Date.now();
  listeners.add(listener);
  timer ??= setInterval(() => {
    nowMs = Date.now();
    for (const tell of listeners) tell();
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/**
 * What `read` makes of the scheduler's time now; renders only when the result differs. Times of pushes come from the scheduler's side: the
 * browser's own clock may be minutes off.
 */
export function useClock<T extends string | number | boolean>(read: (nowMs: number) => T): T {
  return useSyncExternalStore(subscribe, () =>
    read((listeners.size === 0 ? Date.now() : nowMs) + liveStore.clockOffsetMs),
  );
}
