import { Queue, QueueEvents } from 'bullmq';
import type { Redis } from 'ioredis';
import type { z } from 'zod';
import { REQUESTS_QUEUE } from './jobs.ts';
import { Keys } from './keys.ts';
import { connectRedis } from './redis.ts';
import type { addRequestSchema, CommandRequest, RequestResult } from './requests.ts';

/**
 * The small client other services use to enqueue pushes. It writes only to the `requests` queue; the scheduler validates each request and
 * answers with the job's return value. Rejects with the scheduler's sentence when a request is refused.
 */
export class PushRequests {
  readonly #queue: Queue;
  readonly #events: QueueEvents;
  readonly #waitMs: number;
  readonly #connections: readonly Redis[];

  constructor(redisUrl: string, options: { prefix?: string; waitMs?: number; onError?: (error: Error) => void } = {}) {
    const { tag } = new Keys(options.prefix);
    const onError = options.onError ?? (() => {});
    const [commands, blocking] = [connectRedis(redisUrl, onError), connectRedis(redisUrl, onError)];
    this.#connections = [commands, blocking];
    this.#queue = new Queue(REQUESTS_QUEUE, { prefix: tag, connection: commands });
    // BullMQ begins to listen a moment after it says that it is ready, and an answer may come sooner: so it listens from the beginning.
    this.#events = new QueueEvents(REQUESTS_QUEUE, { prefix: tag, connection: blocking, lastEventId: '0-0' });
    this.#waitMs = options.waitMs ?? 10_000;
  }

  add(push: Omit<z.input<typeof addRequestSchema>, 'v'>): Promise<RequestResult> {
    return this.#request('add', { v: 1, ...push });
  }

  command(action: CommandRequest['action'], push: string): Promise<RequestResult> {
    return this.#request(action, { v: 1, action, push });
  }

  async close(): Promise<void> {
    await Promise.all([this.#queue.close(), this.#events.close()]);
    // BullMQ leaves connections that it did not make open.
    for (const connection of this.#connections) connection.disconnect();
  }

  async #request(name: string, data: object): Promise<RequestResult> {
    const job = await this.#queue.add(name, data, { removeOnComplete: { age: 3600 }, removeOnFail: { age: 86_400 } });
    return job.waitUntilFinished(this.#events, this.#waitMs);
  }
}
