import type { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { connectRedis, everyNode } from './redis.ts';

describe('a connection to Redis', () => {
  it('is the only node of one server', () => {
    const redis = connectRedis('redis://127.0.0.1:9', () => {});
    expect(everyNode(redis)).toEqual([redis]);
    redis.disconnect();
  });

  it.each(['redis+sentinel://127.0.0.1:9/mymaster', 'redis+cluster://127.0.0.1:9'])(
    'tells of trouble, and ends no process: %s',
    async (url) => {
      let redis: Redis | undefined;
      const trouble = new Promise<Error>((resolve) => {
        redis = connectRedis(url, resolve);
      });
      expect(await trouble).toBeInstanceOf(Error);
      redis?.disconnect();
    },
  );

  it('names the forms of an address that fits none, and not the address', () => {
    expect(() => connectRedis('redis+ring://:hunter22@h', () => {})).toThrow(
      /^the address of Redis must be a URL such as redis:\/\/HOST:6379, (?!.*hunter22)/,
    );
  });
});
