import { Redis, type RedisOptions } from 'ioredis';

/** Replies keep the form that BullMQ expects. */
type Options = Omit<RedisOptions, 'replyMapping'>;

/** Reconnects fast: BullMQ's own default would stay away for up to 20 s after Redis is back. */
const defaults: Options = {
  maxRetriesPerRequest: null,
  retryStrategy: (attempt: number) => Math.min(50 * 2 ** attempt, 500),
  connectTimeout: 2_000,
};

/**
 * A connection for commands that may wait while Redis is away (workers, queues, subscribers). The caller owns it, and hears of trouble
 * through `onError`; ioredis would end the process for an error event without listener.
 */
export function connectRedis(url: string, onError: (error: Error) => void, overrides: Options = {}): Redis {
  const redis = new Redis(url, { ...defaults, ...overrides });
  redis.on('error', onError);
  return redis;
}
