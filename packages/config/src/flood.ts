/** Warnings of which only the first of each interval is written at once. */
export interface FloodFolder {
  /** `message` is static: warnings with the same one belong together. */
  warn(fields: object, message: string): void;
  /** Writes what is still counted and lets go of the timers. */
  close(): void;
}

interface Flood {
  fields: object;
  count: number;
  readonly timer: NodeJS.Timeout;
}

/**
 * Folds repeated warnings: the first goes to `log` at once, those that follow within `intervalMs` become one line with the fields of
 * the last and `folded`, their number. The timers do not keep the process alive.
 */
export function foldFlood(log: Pick<FloodFolder, 'warn'>, intervalMs = 1000): FloodFolder {
  const floods = new Map<string, Flood>();

  const flush = (message: string, flood: Flood): void => {
    if (flood.count === 0) return;
    log.warn({ ...flood.fields, folded: flood.count }, message);
    flood.count = 0;
  };

  const tick = (message: string): void => {
    const flood = floods.get(message);
    if (flood === undefined) return;
    if (flood.count > 0) flush(message, flood);
    else {
      clearInterval(flood.timer);
      floods.delete(message);
    }
  };

  return {
    warn(fields, message) {
      const flood = floods.get(message);
      if (flood !== undefined) {
        flood.fields = fields;
        flood.count++;
        return;
      }
      const timer = setInterval(tick, intervalMs, message);
      timer.unref();
      floods.set(message, { fields, count: 0, timer });
      log.warn(fields, message);
    },
    close() {
      for (const [message, flood] of floods) {
        clearInterval(flood.timer);
        flush(message, flood);
      }
      floods.clear();
    },
  };
}
