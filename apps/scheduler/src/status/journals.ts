import { JOURNAL_LENGTH, type JournalEntry, journalEntrySchema, type Keys } from '@pushfleet/contract';
import type { Redis } from 'ioredis';

/** Reads what the workers have written down of each attempt. */
export class Journals {
  readonly #redis: Redis;
  readonly #keys: Keys;

  constructor(redis: Redis, keys: Keys) {
    this.#redis = redis;
    this.#keys = keys;
  }

  /** Newest first. */
  async read(pushId: string): Promise<JournalEntry[]> {
    const texts = await this.#redis.lrange(this.#keys.journal(pushId), 0, JOURNAL_LENGTH - 1);
    return texts.map((text) => journalEntrySchema.parse(JSON.parse(text)));
  }
}
