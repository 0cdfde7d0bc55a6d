// Time stamps: changing the timescale, and undoing the wrap of clocks that count in few bits.

/** `ticks` of the timescale `from` in ticks of the timescale `to`, rounded once. Exact for all unwrapped times that fit a number. */
export function rescale(ticks: number, from: number, to: number): number {
  if (from === to) return ticks;
  const seconds = Math.floor(ticks / from);
  return seconds * to + Math.round(((ticks - seconds * from) * to) / from);
}

export interface ClockWidth {
  /** Values at which a sender of this clock starts again at 0. */
  readonly moduli: readonly number[];
  /** How close to a modulus and to 0 two neighbours must be to count as a wrap, in ticks. */
  readonly window: number;
}

/**
 * RTMP time, milliseconds. The field has 32 bits, but ffmpeg and others wrap at 2^31, so both are wraps. A fall from anywhere else
 * is a sender that started again.
 */
export const RTMP_CLOCK: ClockWidth = { moduli: [2 ** 31, 2 ** 32], window: 60_000 };

/**
 * Turns a wrapping clock into one that only a restarted sender sets back. Small steps backwards (audio a little behind video) and
 * jumps are passed through, also across a wrap.
 */
export class TimestampUnwrapper {
  readonly #clock: ClockWidth;
  /** Sum of the wraps so far. */
  #base = 0;
  /** The modulus of the newest wrap, for stragglers from before it. */
  #lastModulus = 0;
  #last: number | undefined;

  constructor(clock: ClockWidth) {
    this.#clock = clock;
  }

  /** `wireTime` as it is on the wire, 0 to 2^32 - 1; returns it on the unwrapped line, in the same unit. */
  unwrap(wireTime: number): number {
    const last = this.#last ?? wireTime;
    if (this.#isStraggler(wireTime, last)) return this.#base - this.#lastModulus + wireTime;
    if (wireTime < last) this.#noteWrap(wireTime, last);
    this.#last = wireTime;
    return this.#base + wireTime;
  }

  #noteWrap(wireTime: number, last: number): void {
    const { moduli, window } = this.#clock;
    if (wireTime >= window) return;
    const modulus = moduli.find((candidate) => last < candidate && candidate - last <= window);
    if (modulus === undefined) return;
    this.#base += modulus;
    this.#lastModulus = modulus;
  }

  /** Just after a wrap, a time from just before it. */
  #isStraggler(wireTime: number, last: number): boolean {
    const { window } = this.#clock;
    const modulus = this.#lastModulus;
    return modulus > 0 && last < window && wireTime < modulus && modulus - wireTime <= window;
  }
}
