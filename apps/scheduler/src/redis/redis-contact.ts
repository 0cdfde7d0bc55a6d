/** Whether Redis answers this scheduler, and when it did last. Without it the API goes on with what was known then. */
export class RedisContact {
  readonly #listeners = new Set<() => void>();
  #answeredAt: Date | undefined;
  #isAway = false;

  get isAway(): boolean {
    return this.#isAway;
  }

  /** When Redis answered last, RFC 3339; null before the first time. */
  get asOf(): string | null {
    return this.#answeredAt?.toISOString() ?? null;
  }

  answered(): void {
    this.#answeredAt = new Date();
    this.#enter(false);
  }

  missed(): void {
    this.#enter(true);
  }

  /** `listener` hears when Redis goes and when it is back. Returns what ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #enter(isAway: boolean): void {
    if (isAway === this.#isAway) return;
    this.#isAway = isAway;
    for (const listener of this.#listeners) listener();
  }
}
