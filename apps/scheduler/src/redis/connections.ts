import { ConnectionGuard, connectRedis } from '@pushfleet/contract';
import type { Redis } from 'ioredis';

/** Longer than this no caller waits for a command: the API answers 503 instead of hanging. */
const COMMAND_TIMEOUT_MS = 1_500;
const QUEUE_TIMEOUT_MS = 5_000;
/** Longer than the block of an XREAD, so that a connection that died silently is noticed. */
const TAIL_TIMEOUT_MS = 15_000;
/** A connection that owes an answer for so long is looked into. */
const PATIENCE_MS = 3_000;
const TAIL_PATIENCE_MS = 8_000;

/** The scheduler's connections, each for what would disturb the others. Closed by `close`; BullMQ leaves connections it did not make. */
export interface RedisConnections {
  /** Desired state and status: fails at once when Redis is away. */
  readonly commands: Redis;
  /** BullMQ's queues: waits for Redis, within limits. */
  readonly queues: Redis;
  /** Pub/sub. */
  readonly subscriber: Redis;
  /** Blocking reads of the event stream. */
  readonly tail: Redis;
  /** The intake worker, which blocks and waits without limit. */
  readonly intake: Redis;
  close(): void;
}

/** `replaced` hears of each connection that led nowhere. */
export function openConnections(url: string, onError: (error: Error) => void, replaced: () => void): RedisConnections {
  const connections = {
    commands: connectRedis(url, onError, {
      enableOfflineQueue: false,
      commandTimeout: COMMAND_TIMEOUT_MS,
      // A command that was refused to its caller must not be carried out later.
      autoResendUnfulfilledCommands: false,
    }),
    queues: connectRedis(url, onError, { commandTimeout: QUEUE_TIMEOUT_MS }),
    subscriber: connectRedis(url, onError),
    tail: connectRedis(url, onError, { commandTimeout: TAIL_TIMEOUT_MS }),
    intake: connectRedis(url, onError),
  };
  const patience = (name: string) => (name === 'tail' ? TAIL_PATIENCE_MS : PATIENCE_MS);
  const guard = new ConnectionGuard(
    Object.entries(connections).map(([name, redis]) => ({ redis, patienceMs: patience(name) })),
    replaced,
  );
  return {
    ...connections,
    close: () => {
      guard.stop();
      for (const redis of Object.values(connections)) redis.disconnect();
    },
  };
}

/** Resolves when commands can be sent, with true, or when the time is over. */
export async function untilReady(redis: Redis, timeoutMs: number): Promise<boolean> {
  // A connection that ioredis is about to replace is `ready` until the server has closed it too.
  if (redis.status === 'ready' && redis.stream?.writable !== false) return true;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(resolve, timeoutMs, false);
  const ready = () => resolve(true);
  redis.once('ready', ready);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    redis.off('ready', ready);
  }
}
