const PATIENCE_MS = 3_000;

/** Tells when those that should take what waits do not: their share must not wait for them for ever. */
export class Patience {
  #waiting = 0;
  #since = Number.POSITIVE_INFINITY;

  /** True when something has waited for three seconds and has not become less. */
  isOver(waiting: number, nowMs: number): boolean {
    if (waiting === 0 || waiting < this.#waiting || this.#waiting === 0) this.#since = nowMs;
    this.#waiting = waiting;
    return waiting > 0 && nowMs - this.#since >= PATIENCE_MS;
  }
}
