import { randomUUID } from 'node:crypto';
import { connectRedis, Keys } from '@pushfleet/contract';
import { afterAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { LEASE_MS, LeaderLock } from './leader-lock.ts';

const redis = connectRedis(inject('redisUrl'), () => {});
afterAll(() => redis.disconnect());
let keys: Keys;
beforeEach(() => {
  keys = new Keys(`test-${randomUUID()}`);
  return async () => void (await redis.del(keys.leader));
});

describe('LeaderLock', () => {
  it('is held by one of two, until that one lets go', async () => {
    const [a, b] = [new LeaderLock(redis, keys, 'a'), new LeaderLock(redis, keys, 'b')];
    expect([await a.hold(), await b.hold(), await a.hold()]).toEqual([true, false, true]);
    await b.release();
    expect(await a.hold()).toBe(true);
    await a.release();
    expect(a.isLeader).toBe(false);
    expect([await b.hold(), await a.hold()]).toEqual([true, false]);
  });

  it('is prolonged by holding it', async () => {
    const lock = new LeaderLock(redis, keys, 'a');
    await lock.hold();
    await redis.pexpire(keys.leader, 1000);
    await lock.hold();
    expect(await redis.pttl(keys.leader)).toBeGreaterThan(LEASE_MS / 2);
  });

  it('passes on when its holder dies, and is not taken back from the new one', async () => {
    const [a, b] = [new LeaderLock(redis, keys, 'a'), new LeaderLock(redis, keys, 'b')];
    await a.hold();
    await redis.del(keys.leader);
    expect([await b.hold(), await a.hold()]).toEqual([true, false]);
    expect(a.isLeader).toBe(false);
  });

  it('leads no more when Redis cannot be asked', async () => {
    const own = redis.duplicate();
    const lock = new LeaderLock(own, keys, 'a');
    await lock.hold();
    own.disconnect();
    await expect(lock.hold()).rejects.toThrow();
    expect(lock.isLeader).toBe(false);
  });
});
