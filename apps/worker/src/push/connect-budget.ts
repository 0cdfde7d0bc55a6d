/** Those who connect, and wait to connect, to one host. */
interface Lane {
  readonly host: string;
  connecting: number;
  readonly waiting: (() => void)[];
}

/**
 * At most `limit` targets are being connected at a time: a herd of reconnects must not starve the event loop. Room goes to the host that
 * has least of it: hundreds of pushes to a host that does not answer must not starve anyone's fresh start at another.
 */
export class ConnectBudget {
  #free: number;
  /** Longest unserved first. */
  readonly #lanes = new Map<string, Lane>();

  constructor(limit: number) {
    this.#free = limit;
  }

  /** Runs `connect` when there is room; rejects with the signal's reason when it is aborted before that. */
  async use<T>(host: string, connect: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const lane = this.#lanes.get(host) ?? { host, connecting: 0, waiting: [] };
    this.#lanes.set(host, lane);
    await this.#enter(lane, signal).catch((reason: unknown) => {
      this.#tidy(lane);
      throw reason;
    });
    try {
      return await connect();
    } finally {
      lane.connecting--;
      this.#free++;
      this.#admit();
      this.#tidy(lane);
    }
  }

  async #enter(lane: Lane, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = () => {
      const index = lane.waiting.indexOf(resolve);
      if (index === -1) return; // its turn has come in the meantime
      lane.waiting.splice(index, 1);
      reject(signal.reason);
    };
    lane.waiting.push(resolve);
    signal.addEventListener('abort', onAbort, { once: true });
    this.#admit();
    try {
      await promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Lets the next one in, if there is room. */
  #admit(): void {
    if (this.#free === 0) return;
    let next: Lane | undefined;
    for (const lane of this.#lanes.values()) {
      if (lane.waiting.length > 0 && (next === undefined || lane.connecting < next.connecting)) next = lane;
    }
    if (next === undefined) return;
    this.#free--;
    next.connecting++;
    this.#lanes.delete(next.host);
    this.#lanes.set(next.host, next);
    next.waiting.shift()!();
  }

  #tidy({ host, connecting, waiting }: Lane): void {
    if (connecting === 0 && waiting.length === 0) this.#lanes.delete(host);
  }
}
