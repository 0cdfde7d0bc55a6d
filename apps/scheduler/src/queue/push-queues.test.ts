import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { connectRedis, Keys } from '@pushfleet/contract';
import { afterAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { desiredPush, desiredState } from '../testing/desired.ts';
import { JobSnapshots } from './job-snapshot.ts';
import { PushQueues } from './push-queues.ts';
import type { QueuedJob } from './queued-job.ts';

const redis = connectRedis(inject('redisUrl'), () => {});
afterAll(() => redis.disconnect());

let keys: Keys;
let queues: PushQueues;
beforeEach(() => {
  keys = new Keys(`test-${randomUUID()}`);
  queues = new PushQueues(redis, keys);
  return async () => {
    await queues.close();
    const left = await redis.keys(`${keys.tag}*`);
    if (left.length > 0) await redis.del(left);
  };
});

const push = desiredPush({ options: { retry_limit: 3, retry_timeout: 2.5 } });
const wanted = desiredState([push]);
const take = (snapshots = new JobSnapshots(redis)): Promise<QueuedJob[]> => snapshots.take(queues.byPool, wanted);
const job = (changes: Partial<QueuedJob> = {}): QueuedJob => ({
  id: 'push-p1',
  pool: 'default',
  state: 'waiting',
  data: { v: 1, push: 'p1', revision: 5 },
  failedReason: '',
  ...changes,
});

describe('PushQueues', () => {
  it('adds a job that says nothing but id and revision, with the push options as BullMQ has them', async () => {
    await queues.add([push]);
    const added = await queues.byPool.get('default')!.getJob('push-p1');
    expect(added).toMatchObject({ name: 'push', data: { v: 1, push: 'p1', revision: 5 } });
    expect(added!.opts).toMatchObject({
      attempts: 3,
      backoff: { type: 'fixed', delay: 2500 },
      stackTraceLimit: 1,
      removeOnComplete: true,
      removeOnFail: false,
    });
    expect(await redis.smembers(keys.pools)).toEqual(['default']);
  });

  it('gives each pool a queue, and leaves jobs that exist as they are', async () => {
    await queues.add([push, desiredPush({ id: 'p2', options: { pool: 'edge' } })]);
    await queues.add([{ ...push, revision: 6 }]);
    expect([...queues.byPool.keys()].sort()).toEqual(['default', 'edge']);
    expect(await take()).toMatchObject([job(), { id: 'push-p2', pool: 'edge' }]);
  });

  it('finds the pools that had jobs before it was started', async () => {
    await queues.add([push]);
    const later = new PushQueues(redis, keys);
    await later.discover([desiredPush({ options: { pool: 'edge' } })]);
    expect([...later.byPool.keys()].sort()).toEqual(['default', 'edge']);
    await later.close();
  });

  it('removes jobs that nobody holds', async () => {
    await queues.add([push]);
    await queues.remove(await take());
    expect(await take()).toEqual([]);
  });

  it('never breaks the lock of a job that can be read, whatever the snapshot made of it', async () => {
    await queues.add([push]);
    const queue = queues.byPool.get('default')!;
    await redis.set(`${queue.toKey('push-p1')}:lock`, 'token');
    await queues.remove([job({ state: 'active', data: undefined })]);
    expect(await redis.get(`${queue.toKey('push-p1')}:lock`)).toBe('token');
    expect(await take()).toEqual([job()]);
  });

  it('removes a job that cannot be read even when it is locked', async () => {
    await queues.add([push]);
    const queue = queues.byPool.get('default')!;
    await redis.hset(queue.toKey('push-p1'), 'data', '{broken');
    await redis.set(`${queue.toKey('push-p1')}:lock`, 'token');
    const found = await take();
    expect(found).toEqual([job({ data: undefined })]);
    await queues.remove(found);
    expect(await take()).toEqual([]);
  });
});

describe('JobSnapshots', () => {
  it('was proven with the keys of this version of BullMQ', () => {
    const { version } = createRequire(import.meta.url)('bullmq/package.json') as { version: string };
    expect(version).toBe('6.7.0');
  });

  it.each<[string, Partial<QueuedJob>]>([
    ['wait', { state: 'waiting' }],
    ['active', { state: 'active' }],
    ['delayed', { state: 'delayed' }],
    ['prioritized', { state: 'waiting' }],
    ['failed', { state: 'failed', failedReason: 'dns: No such host.' }],
  ])('finds a job in %s', async (list, expected) => {
    await queues.add([push]);
    const queue = queues.byPool.get('default')!;
    await redis.lrem(queue.toKey('wait'), 1, 'push-p1');
    if (list === 'wait' || list === 'active') await redis.lpush(queue.toKey(list), 'push-p1');
    else await redis.zadd(queue.toKey(list), 1, 'push-p1');
    if (expected.failedReason) await redis.hset(queue.toKey('push-p1'), 'failedReason', expected.failedReason);
    expect(await take()).toEqual([job(expected)]);
  });

  it('finds a job readable whose push changes while the snapshot is taken', async () => {
    await queues.add([push]);
    const snapshots = new JobSnapshots(redis);
    const changing = desiredState([push]);
    await snapshots.take(queues.byPool, changing);
    let looks = 0;
    const state = {
      ...changing,
      pushes: { get: () => (++looks === 1 ? push : { ...push, revision: 6 }) } as unknown as typeof changing.pushes,
    };
    expect(await snapshots.take(queues.byPool, state)).toEqual([job()]);
  });

  it('reads a job again until its revision is the one that is wanted, and then no more', async () => {
    const snapshots = new JobSnapshots(redis);
    await queues.add([{ ...push, revision: 4 }]);
    const queue = queues.byPool.get('default')!;
    const write = (revision: number) =>
      redis.hset(queue.toKey('push-p1'), 'data', JSON.stringify({ v: 1, push: 'p1', revision }));
    expect(await take(snapshots)).toEqual([job({ data: { v: 1, push: 'p1', revision: 4 } })]);
    await write(5);
    expect(await take(snapshots)).toEqual([job()]);
    await redis.hset(queue.toKey('push-p1'), 'data', '{broken');
    expect(await take(snapshots)).toEqual([job()]);
  });
});
