/** So many wrong tokens at once from one address, then one more for each pause. */
const BURST = 5;
const PAUSE_MS = 5_000;
const MAX_ADDRESSES = 10_000;

/** Slows down those who guess the token. */
export class LoginLimit {
  /** Address -> when all its failures are forgotten, by performance.now(). The one that failed longest ago is first. */
  readonly #forgottenAt = new Map<string, number>();

  /** Seconds to wait before the next try, 0: none. `nowMs`: performance.now(), here and below. */
  waitSeconds(address: string, nowMs: number): number {
    const forgottenAt = this.#forgottenAt.get(address) ?? nowMs;
    return Math.max(0, Math.ceil((forgottenAt - nowMs - (BURST - 1) * PAUSE_MS) / 1_000));
  }

  failed(address: string, nowMs: number): void {
    const forgottenAt = Math.max(this.#forgottenAt.get(address) ?? 0, nowMs) + PAUSE_MS;
    this.#forgottenAt.delete(address);
    this.#forgottenAt.set(address, forgottenAt);
    if (this.#forgottenAt.size > MAX_ADDRESSES) this.#forgottenAt.delete(this.#forgottenAt.keys().next().value!);
  }
}
