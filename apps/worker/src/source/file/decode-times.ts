// Decode times for pictures of which the container tells the order of decoding and the presentation times only.

interface Presented {
  readonly pts: number;
}

/**
 * A decoder holds back at most 16 frames or 32 fields (MaxDpbFrames, ITU-T H.264 §A.3.1), so no picture is overtaken by one that is
 * decoded this much later.
 */
const MAX_REORDER_DEPTH = 32;

/**
 * By how many pictures presentation lags behind decoding: the smallest depth for which the n-th presentation time, `depth` pictures
 * late, is never after the picture it would be the decode time of. 0 without B-frames. `pts` are in order of decoding.
 */
export function reorderDepth(pts: readonly number[]): number {
  const presentation = pts.map((_, index) => index).sort((a, b) => pts[a]! - pts[b]! || a - b);
  const depth = presentation.reduce((deepest, index, rank) => Math.max(deepest, index - rank), 0);
  return Math.min(depth, MAX_REORDER_DEPTH);
}

/**
 * Gives pictures their decode times as encoders do: the presentation times in rising order, `depth` pictures late. Where the file
 * later reorders deeper than `depth` they are as late as the pictures behind allow. They always rise, and are never after the
 * presentation time.
 */
export class DecodeTimes<Picture extends Presented> {
  readonly #depth: number;
  /** Pictures without a decode time, in order of decoding. */
  readonly #waiting: Picture[] = [];
  /** Rising presentation times that have not become a decode time. */
  readonly #times: number[] = [];
  #timed = 0;
  #last = Number.NEGATIVE_INFINITY;

  constructor(depth: number) {
    this.#depth = depth;
  }

  /** Takes the next picture; returns an earlier one once no later picture can change its decode time. */
  push(picture: Picture): (Picture & { readonly dts: number }) | undefined {
    const { pts } = picture;
    this.#waiting.push(picture);
    this.#times.splice(this.#times.findLastIndex((time) => time <= pts) + 1, 0, pts);
    return this.#waiting.length > MAX_REORDER_DEPTH ? this.#take() : undefined;
  }

  /** The pictures that are left when the last one has been pushed. */
  *flush(): Generator<Picture & { readonly dts: number }> {
    while (this.#waiting.length > 0) yield this.#take();
  }

  #take(): Picture & { readonly dts: number } {
    const dts = Math.max(Math.min(this.#nextTime(), this.#latest()), this.#last + 1);
    const picture = this.#waiting.shift()!;
    if (dts > picture.pts)
      throw new Error(`the times of a track fall back from ${this.#last} to ${picture.pts} ticks; remux the file`);
    this.#timed += 1;
    this.#last = dts;
    return { ...picture, dts };
  }

  /** The first `depth` pictures are decoded before the first presentation time. */
  #nextTime(): number {
    if (this.#timed >= this.#depth) return this.#times.shift()!;
    const at = (index: number): number => this.#times[Math.min(index, this.#times.length - 1)]!;
    return at(this.#timed) - (at(this.#depth) - at(0));
  }

  /** The last moment for the first waiting picture, with a tick for each one between it and the most urgent. */
  #latest(): number {
    return this.#waiting.reduce((latest, { pts }, index) => Math.min(latest, pts - index), Number.POSITIVE_INFINITY);
  }
}
