/** At most `limit` targets are being connected at a time: a herd of reconnects must not starve the event loop, nor anyone's fresh start. */
export class ConnectBudget {
  #free: number;
  readonly #queue: (() => void)[] = [];

  constructor(limit: number) {
    this.#free = limit;
  }

  /** Runs `connect` when there is room; rejects with the signal's reason when it is aborted before that. */
  async use<T>(connect: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#enter(signal);
    try {
      return await connect();
    } finally {
      this.#leave();
    }
  }

  async #enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = () => {
      const index = this.#queue.indexOf(resolve);
      if (index === -1) return; // its turn has come in the meantime
      this.#queue.splice(index, 1);
      reject(signal.reason);
    };
    this.#queue.push(resolve);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  #leave(): void {
    const next = this.#queue.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}
