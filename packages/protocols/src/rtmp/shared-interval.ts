interface SharedInterval {
  readonly acts: Set<() => void>;
  readonly timer: NodeJS.Timeout;
}

/** Those that run, by their length in milliseconds. */
const running = new Map<number, SharedInterval>();

/**
 * Like setInterval, but for all who want the same length there is one timer: a process with hundreds of connections is woken once for all of them. The
 * first call comes within one interval. Returns the way to stop it.
 */
export function setSharedInterval(act: () => void, ms: number): () => void {
  const interval = running.get(ms) ?? begin(ms);
  interval.acts.add(act);
  return () => {
    interval.acts.delete(act);
    if (interval.acts.size > 0 || running.get(ms) !== interval) return;
    running.delete(ms);
    clearInterval(interval.timer);
  };
}

function begin(ms: number): SharedInterval {
  const acts = new Set<() => void>();
  const timer = setInterval(() => {
    for (const act of acts) act();
  }, ms);
  const interval = { acts, timer };
  running.set(ms, interval);
  return interval;
}
