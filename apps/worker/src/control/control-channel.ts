import type { ControlMessage, Keys } from '@pushfleet/contract';
import type { Redis } from 'ioredis';

/** The fleet's pub/sub channel: hints that make the next look at the truth come sooner. Lost messages cost time, never truth. */
export class ControlChannel {
  readonly #publisher: Redis;
  readonly #subscriber: Redis;
  readonly #channel: string;

  /** `subscriber` is a connection of its own: Redis takes no other commands on it. */
  constructor(publisher: Redis, subscriber: Redis, keys: Keys) {
    this.#publisher = publisher;
    this.#subscriber = subscriber;
    this.#channel = keys.control;
  }

  async listen(handle: (message: ControlMessage) => void): Promise<void> {
    this.#subscriber.on('message', (_channel: string, text: string) => {
      const message = parse(text);
      if (message !== undefined) handle(message);
    });
    await this.#subscriber.subscribe(this.#channel);
  }

  async send(message: ControlMessage): Promise<void> {
    await this.#publisher.publish(this.#channel, JSON.stringify(message));
  }
}

/** Undefined for what is no message: anyone who reaches Redis can write to the channel, and no hint is worth a worker. */
function parse(text: string): ControlMessage | undefined {
  try {
    const message = JSON.parse(text) as ControlMessage | null;
    return message === null ? undefined : message;
  } catch {
    return undefined;
  }
}
