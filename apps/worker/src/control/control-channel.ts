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
    this.#subscriber.on('message', (_channel: string, text: string) => handle(JSON.parse(text) as ControlMessage));
    await this.#subscriber.subscribe(this.#channel);
  }

  async send(message: ControlMessage): Promise<void> {
    await this.#publisher.publish(this.#channel, JSON.stringify(message));
  }
}
