import type { Sample } from '@pushfleet/protocols';

/**
 * Sorts samples of several tracks by decode time within a sliding window of `windowMs`. Samples of equal time keep their order, and so
 * do those of one track, whose decode times rise.
 */
export class DtsOrder {
  readonly #windowMs: number;
  readonly #samples: Sample[] = [];
  #newestMs = Number.NEGATIVE_INFINITY;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Takes a sample; yields those that have left the window. */
  *push(sample: Sample): Generator<Sample> {
    const timeMs = dtsMs(sample);
    this.#samples.splice(this.#samples.findLastIndex((other) => dtsMs(other) <= timeMs) + 1, 0, sample);
    this.#newestMs = Math.max(this.#newestMs, timeMs);
    while (dtsMs(this.#samples[0]!) <= this.#newestMs - this.#windowMs) yield this.#samples.shift()!;
  }
}

/** Decode time in milliseconds, for comparing tracks. */
export function dtsMs({ dts, track }: Sample): number {
  return (dts * 1000) / track.timescale;
}
