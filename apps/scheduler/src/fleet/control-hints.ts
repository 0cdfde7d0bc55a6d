import type { ControlMessage, Keys } from '@pushfleet/contract';
import type { Redis } from 'ioredis';

/** Changes that come together are looked at together. */
const GATHER_MS = 10;

export interface HintTarget {
  /** The push may have changed without a new revision. */
  suspect(id: string): unknown;
  /** Messages may have been missed. */
  suspectAll(): void;
  refresh(): Promise<unknown>;
}

/** Listens to the fleet's control channel: what other schedulers have changed is known here within milliseconds. */
export class ControlHints {
  readonly #subscriber: Redis;
  readonly #keys: Keys;
  readonly #target: HintTarget;
  #timer: NodeJS.Timeout | undefined;

  constructor(subscriber: Redis, keys: Keys, target: HintTarget) {
    this.#subscriber = subscriber;
    this.#keys = keys;
    this.#target = target;
  }

  start(): void {
    this.#subscriber.on('message', (_channel, text) => this.#hear(JSON.parse(text) as ControlMessage));
    this.#subscriber.on('ready', () => {
      this.#target.suspectAll();
      this.#lookSoon();
    });
    // Waits for Redis if it is away; the connection subscribes anew by itself after a break.
    this.#subscriber.subscribe(this.#keys.control).catch(() => {});
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #hear(message: ControlMessage): void {
    if (message.op === 'push') this.#target.suspect(message.push);
    if (message.op === 'push' || message.op === 'live' || message.op === 'drain') this.#lookSoon();
  }

  #lookSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      // Without Redis the reconcile loop looks again.
      this.#target.refresh().catch(() => {});
    }, GATHER_MS);
  }
}
