import { isRedisUnavailable } from './unavailable.ts';

export interface Reading<T> {
  readonly value: T;
  /** Redis did not answer: this is what was read last. */
  readonly stale: boolean;
}

/** Something in Redis that many ask for: read at most once in `maxAgeMs` for all of them; what was read last while Redis is away. */
export class Recent<T> {
  readonly #read: () => Promise<T>;
  readonly #maxAgeMs: number;
  #last: Reading<T>;
  #readAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<Reading<T>> | undefined;

  /** `initial` stands, stale, until something has been read. */
  constructor(read: () => Promise<T>, maxAgeMs: number, initial: T) {
    this.#read = read;
    this.#maxAgeMs = maxAgeMs;
    this.#last = { value: initial, stale: true };
  }

  /** Without waiting. */
  get latest(): Reading<T> {
    return this.#last;
  }

  async get(): Promise<Reading<T>> {
    if (performance.now() - this.#readAt < this.#maxAgeMs) return this.#last;
    this.#reading ??= this.#refresh().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #refresh(): Promise<Reading<T>> {
    try {
      this.#last = { value: await this.#read(), stale: false };
    } catch (error) {
      if (!isRedisUnavailable(error)) throw error;
      this.#last = { value: this.#last.value, stale: true };
    }
    this.#readAt = performance.now();
    return this.#last;
  }
}
