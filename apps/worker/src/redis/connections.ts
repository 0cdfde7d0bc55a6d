import { ConnectionGuard, connectRedis } from '@pushfleet/contract';
import type { Redis } from 'ioredis';

/** A connection that owes an answer for so long is looked into: those that block are looked after by BullMQ. */
const PATIENCE_MS = 3_000;

/** The worker's connections, each for what would disturb the others. */
export interface RedisConnections {
  /** Everything but pub/sub; waits for a Redis that is away. */
  readonly commands: Redis;
  /** Pub/sub. */
  readonly subscriber: Redis;
  close(): void;
}

/** `replaced` hears of each connection that led nowhere. */
export function openConnections(url: string, onError: (error: Error) => void, replaced: () => void): RedisConnections {
  const commands = connectRedis(url, onError);
  const subscriber = connectRedis(url, onError);
  const all = [commands, subscriber];
  const guard = new ConnectionGuard(
    all.map((redis) => ({ redis, patienceMs: PATIENCE_MS })),
    replaced,
  );
  return {
    commands,
    subscriber,
    close: () => {
      guard.stop();
      for (const redis of all) redis.disconnect();
    },
  };
}
