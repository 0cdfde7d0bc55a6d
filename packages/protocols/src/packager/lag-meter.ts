/**
 * How long bytes wait in a sink that tells only how many there are. Marks a point in the bytes handed over, and when it is passed; once the
 * sink has taken everything up to the mark, we know how long that took.
 */
export class LagMeter {
  #isMarked = false;
  #markBytes = 0;
  #markedAtMs = 0;
  #lastMs = 0;

  /** The age of the oldest byte in the sink, give or take the time between two measurements. */
  measure(handedBytes: number, pendingBytes: number, nowMs: number): number {
    const ageMs = nowMs - this.#markedAtMs;
    if (this.#isMarked && handedBytes - pendingBytes < this.#markBytes) return ageMs;
    this.#lastMs = this.#isMarked ? ageMs : 0;
    this.#isMarked = true;
    this.#markBytes = handedBytes;
    this.#markedAtMs = nowMs;
    return 0;
  }

  /** How long the last bytes that have left had waited. */
  get lastMs(): number {
    return this.#lastMs;
  }

  /** Nothing waits. */
  reset(): void {
    this.#isMarked = false;
    this.#lastMs = 0;
  }
}
