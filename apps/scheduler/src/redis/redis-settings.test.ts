import { randomUUID } from 'node:crypto';
import { connectRedis, type RedisWarning, redisWarnings, settingWarnings } from '@pushfleet/contract';
import { afterAll, describe, expect, inject, it } from 'vitest';

describe('advice about Redis', () => {
  const good = { evictionPolicy: 'noeviction', persists: true };

  it('warns of a policy that throws pushes away, and of one that keeps nothing on disk', () => {
    expect(settingWarnings(good)).toEqual([]);
    expect(settingWarnings({ ...good, evictionPolicy: 'allkeys-lru' })).toEqual([
      {
        level: 'warn',
        text: 'maxmemory-policy is allkeys-lru: Redis may throw pushes away when memory runs short. Set it to noeviction.',
      },
    ]);
    expect(settingWarnings({ ...good, persists: false })).toEqual([
      { level: 'info', text: expect.stringContaining('Set appendonly yes.') },
    ]);
  });

  it('says nothing of what Redis does not tell', () => {
    expect(settingWarnings({ evictionPolicy: undefined, persists: undefined })).toEqual([]);
  });
});

describe('a real Redis', () => {
  const redis = connectRedis(inject('redisUrl'), () => {});
  const user = `limited-${randomUUID()}`;
  afterAll(async () => {
    await redis.acl('DELUSER', user);
    redis.disconnect();
  });

  /** The same server, for somebody who may do only this. */
  async function warningsFor(...rights: string[]): Promise<RedisWarning[]> {
    await redis.acl('SETUSER', user, 'reset', 'on', 'nopass', '~*', ...rights);
    const url = new URL(inject('redisUrl'));
    url.username = user;
    url.password = 'any';
    const limited = connectRedis(url.href, () => {}, { enableReadyCheck: false });
    return redisWarnings(limited).finally(() => limited.disconnect());
  }

  it('that keeps nothing on disk is told by its settings, or by INFO where they may not be read, or not at all', async () => {
    const told = [{ level: 'info', text: expect.stringContaining('Redis keeps nothing on disk') }];
    expect(await redisWarnings(redis)).toEqual(told);
    expect(await warningsFor('+info', '+ping')).toEqual(told);
    expect(await warningsFor('+ping')).toEqual([]);
  });
});
