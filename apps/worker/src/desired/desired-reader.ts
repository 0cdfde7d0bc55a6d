import { type DesiredPush, type DesiredStream, type Keys, parsePush, parseStream } from '@pushfleet/contract';
import type { Redis } from 'ioredis';

/** Reads what people want from Redis. Knows nothing of its own: whoever holds a push keeps what it was told last. */
export class DesiredReader {
  readonly #redis: Redis;
  readonly #keys: Keys;
  readonly #streams = new Map<string, Promise<DesiredStream | undefined>>();

  constructor(redis: Redis, keys: Keys) {
    this.#redis = redis;
    this.#keys = keys;
  }

  async push(id: string): Promise<DesiredPush | undefined> {
    return parsePush(await this.#redis.hgetall(this.#keys.push(id)));
  }

  /** Whoever asks while the stream is being read gets that answer: its pushes begin together. */
  stream(name: string): Promise<DesiredStream | undefined> {
    const underWay = this.#streams.get(name);
    if (underWay !== undefined) return underWay;
    const reading = this.#redis
      .hgetall(this.#keys.stream(name))
      .then(parseStream)
      .finally(() => this.#streams.delete(name));
    this.#streams.set(name, reading);
    return reading;
  }

  /** Revisions of these pushes, null where Redis does not know the push; one command whatever their number. */
  pushRevisions(ids: readonly string[]): Promise<(number | null)[]> {
    return this.#revisions(this.#keys.pushes, ids);
  }

  streamRevisions(names: readonly string[]): Promise<(number | null)[]> {
    return this.#revisions(this.#keys.streams, names);
  }

  async #revisions(key: string, members: readonly string[]): Promise<(number | null)[]> {
    if (members.length === 0) return [];
    const scores = (await this.#redis.zmscore(key, ...members)) as (string | null)[];
    return scores.map((score) => (score === null ? null : Number(score)));
  }
}
