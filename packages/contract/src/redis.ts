import { Redis, type RedisOptions } from 'ioredis';

/** Reconnects fast: BullMQ's own default would stay away for up to 20 s after Redis is back. */
const options: RedisOptions = {
  maxRetriesPerRequest: null,
  retryStrategy: (attempt) => Math.min(50 * 2 ** attempt, 500),
  connectTimeout: 2_000,
};

/**
 * A connection for commands that may wait while Redis is away (workers, queues, subscribers). The caller owns it, and hears of trouble
 * through `onError`; ioredis would end the process for an error event without listener.
 */
export function connectRedis(url: string, onError: (error: Error) => void, overrides: RedisOptions = {}): Redis {
  const redis = new Redis(url, { ...options, ...overrides });
  redis.on('error', onError);
  return redis;
}
