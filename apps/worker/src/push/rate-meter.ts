const MIN_WINDOW_MS = 2_000;
/** Segments leave at once: over so many of them one more or less says little. */
const BURSTS_IN_WINDOW = 4;
const POINTS_IN_WINDOW = 16;
/** Over less time a rate says nothing. */
const MIN_SPAN_MS = 500;

interface Point {
  readonly at: number;
  readonly bytes: number;
}

/** Bits per second of a connection, over the last seconds or, where bytes leave in bursts, over the last bursts. */
export class RateMeter {
  readonly #windowMs: number;
  /** The oldest first. */
  readonly #points: Point[] = [];

  /** `burstMs`: so much media leaves at once; 0 when it leaves as it comes. */
  constructor(burstMs: number) {
    this.#windowMs = Math.max(MIN_WINDOW_MS, BURSTS_IN_WINDOW * burstMs);
  }

  /** `bytes` have left since the connection was opened; `now` is of a monotonic clock, in ms. */
  measure(now: number, bytes: number): number {
    const points = this.#points;
    const newest = points.at(-1);
    if (newest === undefined || now - newest.at >= this.#windowMs / POINTS_IN_WINDOW) points.push({ at: now, bytes });
    while (points.length > 2 && now - points[1]!.at >= this.#windowMs) points.shift();
    const { at, bytes: before } = points[0]!;
    return now - at < MIN_SPAN_MS ? 0 : Math.round(((bytes - before) * 8_000) / (now - at));
  }
}
