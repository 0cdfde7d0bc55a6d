/** Shorter pauses are the garbage collector's, or those of a busy machine. */
const STANDSTILL_MS = 1_000;

/**
 * Notices that this process has stood still (SIGSTOP, a virtual machine that was moved) in the moment when it wakes: `look` is called a few
 * times a second and before media is sent. What it did before it stood still may have been taken over by others.
 */
export class Standstill {
  readonly #woken: () => void;
  #seenAt = performance.now();

  constructor(woken: () => void) {
    this.#woken = woken;
  }

  look(now: number): void {
    const passedMs = now - this.#seenAt;
    this.#seenAt = now;
    if (passedMs >= STANDSTILL_MS) this.#woken();
  }
}
