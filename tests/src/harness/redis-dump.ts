import { Redis } from 'ioredis';

/** Everything that a Redis holds: key -> what is stored there, as text. */
export async function dumpRedis(url: string): Promise<Map<string, string>> {
  const redis = new Redis(url);
  try {
    const dump = new Map<string, string>();
    for await (const keys of redis.scanStream({ count: 1000 })) {
      for (const key of keys as string[]) dump.set(key, JSON.stringify(await readValue(redis, key)));
    }
    return dump;
  } finally {
    redis.disconnect();
  }
}

async function readValue(redis: Redis, key: string): Promise<unknown> {
  const type = await redis.type(key);
  switch (type) {
    case 'string':
      return redis.get(key);
    case 'hash':
      return redis.hgetall(key);
    case 'list':
      return redis.lrange(key, 0, -1);
    case 'set':
      return redis.smembers(key);
    case 'zset':
      return redis.zrange(key, '0', '-1', 'WITHSCORES');
    case 'stream':
      return redis.xrange(key, '-', '+');
    case 'none':
      return undefined; // it has gone meanwhile
    default:
      throw new Error(`a key of the type ${type}`);
  }
}
