import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { type ControlMessage, connectRedis, Keys, pushQueueName } from '@pushfleet/contract';
import { Queue } from 'bullmq';
import { afterAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { DEAD_AFTER_MS, FleetScripts, LATE_AFTER_MS } from './scripts.ts';

const redis = connectRedis(inject('redisUrl'), () => {});
afterAll(() => redis.disconnect());

describe('the scripts that touch the keys of BullMQ', () => {
  let keys: Keys;
  let queue: Queue;
  let scripts: FleetScripts;
  const lockMs = 60_000;

  beforeEach(() => {
    keys = new Keys(`test-${randomUUID()}`);
    queue = new Queue(pushQueueName('default'), { prefix: keys.tag, connection: redis });
    scripts = new FleetScripts(redis, keys, queue.name);
    return async () => {
      await queue.obliterate({ force: true });
      await queue.close();
    };
  });

  const jobKey = (id: string) => `${keys.tag}:${queue.name}:${id}`;

  /** A job as a worker with this token holds it. */
  async function activeJob(id: string, token: string): Promise<void> {
    await queue.add('push', { v: 1, push: id, revision: 1 }, { jobId: id, attempts: 3 });
    await redis.lrem(`${keys.tag}:${queue.name}:wait`, 1, id);
    await redis.lpush(`${keys.tag}:${queue.name}:active`, id);
    await redis.set(`${jobKey(id)}:lock`, token, 'PX', lockMs);
  }

  /** Makes the grace of a fresh data set end now. */
  async function endGrace(): Promise<void> {
    await redis.del(keys.grace);
  }

  it('were proven with this version of BullMQ', () => {
    expect(createRequire(import.meta.url)('bullmq/package.json').version).toBe('6.7.0');
  });

  it('beat: a fresh data set has an epoch and grace, and the first beat of a worker is new', async () => {
    const first = await scripts.beat('w1', '{"id":"w1"}', 'epoch-a');
    const second = await scripts.beat('w1', '{"id":"w1"}', 'epoch-b');
    expect(first).toMatchObject({ epoch: 'epoch-a', isNew: true, dead: [], members: 1, records: ['{"id":"w1"}'] });
    expect(second).toMatchObject({ epoch: 'epoch-a', isNew: false });
    const short = await scripts.beat('w1', '{"id":"w1"}', 'epoch-b', { wantsRecords: false });
    expect(short).toMatchObject({ members: 1, records: undefined, nextDeathMs: DEAD_AFTER_MS });
    expect(await redis.pttl(keys.grace)).toBeGreaterThan(0);
  });

  it('beat: names the workers that have stopped beating, but never during grace', async () => {
    await scripts.beat('w1', '{}', 'e');
    await redis.zadd(keys.beats, 1, 'gone');
    expect((await scripts.beat('w1', '{}', 'e')).dead).toEqual([]);
    await endGrace();
    expect((await scripts.beat('w1', '{}', 'e')).dead).toEqual(['gone']);
  });

  it('beat: names those that are late and not dead, but never during grace', async () => {
    const { now } = await scripts.beat('w1', '{}', 'e');
    await redis.zadd(keys.beats, now - LATE_AFTER_MS, 'late', 1, 'gone');
    expect(await scripts.beat('w1', '{}', 'e')).toMatchObject({ late: [], dead: [] });
    await endGrace();
    expect(await scripts.beat('w1', '{}', 'e')).toMatchObject({ late: ['late'], dead: ['gone'] });
  });

  it('beat: tells when the next worker will be late, and dead, unless it is heard of', async () => {
    const { now, nextDeathMs, nextLateMs } = await scripts.beat('w1', '{}', 'e');
    expect([nextLateMs, nextDeathMs]).toEqual([LATE_AFTER_MS, DEAD_AFTER_MS]);
    const [dies, fails] = [now - DEAD_AFTER_MS + 400, now - LATE_AFTER_MS + 300];
    await redis.zadd(keys.beats, dies, 'silent', fails, 'slow', 1, 'gone');
    const next = await scripts.beat('w1', '{}', 'e');
    expect(next.now + next.nextDeathMs).toBe(now + 400);
    expect(next.now + next.nextLateMs).toBe(now + 300);
  });

  it('beat: wakes a worker while a job waits or is due, and nobody while there is none', async () => {
    const marker = `${keys.tag}:${queue.name}:marker`;
    const wakes = async () => {
      await redis.del(marker);
      await scripts.beat('w1', '{}', 'e');
      return (await redis.zscore(marker, '0')) === '0';
    };
    expect(await wakes()).toBe(false);
    const later = await queue.add('push', { v: 1, push: 'later', revision: 1 }, { jobId: 'push-later', delay: 60_000 });
    expect(await wakes()).toBe(false);
    await later.changeDelay(0);
    expect(await wakes()).toBe(true);
    await later.remove();
    const waiting = await queue.add('push', { v: 1, push: 'now', revision: 1 }, { jobId: 'push-now' });
    expect(await wakes()).toBe(true);
    await waiting.remove();
    expect(await wakes()).toBe(false);
  });

  it('reap: frees the jobs of the dead worker and of nobody else, so that BullMQ moves them back', async () => {
    await activeJob('push-a', 'dead:0');
    await activeJob('push-b', 'alive:0');
    await scripts.beat('alive', '{}', 'e');
    await redis.zadd(keys.beats, 1, 'dead');
    await endGrace();
    expect(await scripts.reap('dead')).toBe(1);
    expect(await redis.exists(`${jobKey('push-a')}:lock`)).toBe(0);
    expect(await redis.get(`${jobKey('push-b')}:lock`)).toBe('alive:0');
    expect(await redis.smembers(`${keys.tag}:${queue.name}:stalled`)).toEqual(['push-a']);
    expect(await redis.zscore(keys.beats, 'dead')).toBeNull();
  });

  it('reap: finds the jobs of the dead worker among thousands', async () => {
    const OTHERS = 2_500;
    const pipeline = redis.pipeline();
    for (let n = 0; n < OTHERS; n++) {
      pipeline.rpush(`${keys.tag}:${queue.name}:active`, `job-${n}`).set(`${jobKey(`job-${n}`)}:lock`, 'alive:1');
    }
    await pipeline.exec();
    await activeJob('push-first', 'dead:1');
    await redis.rpush(`${keys.tag}:${queue.name}:active`, 'push-last');
    await redis.set(`${jobKey('push-last')}:lock`, 'dead:2');
    await scripts.beat('alive', '{}', 'e');
    await redis.zadd(keys.beats, 1, 'dead');
    await endGrace();
    expect(await scripts.reap('dead')).toBe(2);
    expect((await redis.smembers(`${keys.tag}:${queue.name}:stalled`)).toSorted()).toEqual(['push-first', 'push-last']);
  });

  it('reap: one finds the death of a worker, and the next one has nothing to tell', async () => {
    const { now } = await scripts.beat('alive', '{}', 'e');
    await redis.zadd(keys.beats, now - LATE_AFTER_MS, 'late');
    await endGrace();
    expect(await scripts.reap('late')).toBe(-2);
    expect(await scripts.reap('late', LATE_AFTER_MS)).toBe(0);
    expect(await scripts.reap('late', LATE_AFTER_MS)).toBe(-3);
  });

  it('reap: refuses while the worker beats and during grace', async () => {
    await activeJob('push-a', 'alive:0');
    await scripts.beat('alive', '{}', 'e');
    expect(await scripts.reap('alive')).toBe(-1);
    await endGrace();
    expect(await scripts.reap('alive')).toBe(-2);
    expect(await scripts.reap('alive', LATE_AFTER_MS)).toBe(-2);
    expect(await redis.get(`${jobKey('push-a')}:lock`)).toBe('alive:0');
    expect(DEAD_AFTER_MS).toBeGreaterThan(2_000);
  });

  describe('reclaim', () => {
    const fields = ['name', 'push', 'data', '{}', 'opts', '{"attempts":3}', 'timestamp', 1, 'atm', 2];

    it('extends a lock that is still mine', async () => {
      await activeJob('push-a', 'w:1');
      expect(await scripts.reclaim('push-a', 'w:1', lockMs, 'e', fields)).toBe(1);
    });

    it('takes back a lock that has expired while the job is active or waits', async () => {
      await activeJob('push-a', 'w:1');
      await redis.del(`${jobKey('push-a')}:lock`);
      expect(await scripts.reclaim('push-a', 'w:1', lockMs, 'e', fields)).toBe(2);
      await redis.del(`${jobKey('push-a')}:lock`);
      await redis.lrem(`${keys.tag}:${queue.name}:active`, 1, 'push-a');
      await redis.lpush(`${keys.tag}:${queue.name}:wait`, 'push-a');
      expect(await scripts.reclaim('push-a', 'w:1', lockMs, 'e', fields)).toBe(2);
      expect(await queue.getJobCounts('active', 'waiting')).toEqual({ active: 1, waiting: 0 });
    });

    it('yields to another owner', async () => {
      await activeJob('push-a', 'other:0');
      expect(await scripts.reclaim('push-a', 'w:1', lockMs, 'e', fields)).toBe(-1);
    });

    it('puts a job back that was lost with its data set, and leaves one alone that was removed on purpose', async () => {
      await redis.set(keys.epoch, 'new');
      expect(await scripts.reclaim('push-a', 'w:1', lockMs, 'new', fields)).toBe(-2);
      expect(await scripts.reclaim('push-a', 'w:1', lockMs, 'old', fields)).toBe(3);
      const job = await queue.getJob('push-a');
      expect(await job?.getState()).toBe('active');
      expect(job?.attemptsMade).toBe(2);
      expect(job?.opts.attempts).toBe(3);
    });

    it('leaves a job alone that has moved on', async () => {
      await queue.add('push', {}, { jobId: 'push-a', delay: 60_000 });
      expect(await scripts.reclaim('push-a', 'w:1', lockMs, 'e', fields)).toBe(-3);
    });
  });

  it('giveBudgetBack: clears attempts, stalls and the reason, only for the owner', async () => {
    await activeJob('push-a', 'w:1');
    await redis.hset(jobKey('push-a'), { atm: 2, stc: 4, failedReason: 'x', stacktrace: '[]' });
    expect(await scripts.giveBudgetBack('push-a', 'other:1')).toBe(false);
    expect((await queue.getJob('push-a'))?.attemptsMade).toBe(2);
    expect(await scripts.giveBudgetBack('push-a', 'w:1')).toBe(true);
    const job = await queue.getJob('push-a');
    expect(job).toMatchObject({ attemptsMade: 0, stalledCounter: 0 });
    expect(job?.failedReason).toBeUndefined();
  });

  it('countFailures: adds what happened while Redis was away, only for the owner', async () => {
    await activeJob('push-a', 'w:1');
    expect(await scripts.countFailures('push-a', 'other:1', 2)).toBe(false);
    expect(await scripts.countFailures('push-a', 'w:1', 2)).toBe(true);
    expect((await queue.getJob('push-a'))?.attemptsMade).toBe(2);
  });

  it('adopt: writes revision and options into the job, only for the owner', async () => {
    await activeJob('push-a', 'w:1');
    const data = JSON.stringify({ v: 1, push: 'a', revision: 9 });
    expect(await scripts.adopt('push-a', 'other:1', data, '{}')).toBe(false);
    expect(await scripts.adopt('push-a', 'w:1', data, '{"attempts":7}')).toBe(true);
    const job = await queue.getJob('push-a');
    expect([job?.data.revision, job?.opts.attempts]).toEqual([9, 7]);
  });

  it('report: writes only what the owner of the lock says', async () => {
    await activeJob('push-a', 'w:1');
    const report = (token: string, text: string) => ({ push: 'a', jobId: 'push-a', token, report: text, ttlMs: 5_000 });
    const [lies, truth] = [report('zombie:1', 'lies'), report('w:1', 'truth')];
    const [seconds] = await redis.time();
    expect(await scripts.report([truth, lies])).toEqual({ foreign: [lies], unlocked: [] });
    const [untilMs, text] = (await redis.hget(keys.reports, 'a'))!.split(' ');
    expect(text).toBe('truth');
    expect(Number(untilMs) - Number(seconds) * 1_000).toBeGreaterThanOrEqual(5_000);
    expect(Number(untilMs) - Number(seconds) * 1_000).toBeLessThan(10_000);
    await scripts.report([report('zombie:1', '')]);
    expect(await redis.hexists(keys.reports, 'a')).toBe(1);
    await scripts.report([report('w:1', '')]);
    expect(await redis.hexists(keys.reports, 'a')).toBe(0);
    await redis.del(`${jobKey('push-a')}:lock`);
    expect(await scripts.report([truth])).toEqual({ foreign: [], unlocked: [truth] });
    expect(await redis.hexists(keys.reports, 'a')).toBe(0);
  });

  it('claimLive: one living worker for a name; a dead one gives way', async () => {
    const message = JSON.stringify({ op: 'live', stream: 'cam' } satisfies ControlMessage);
    const entry = (worker: string, token: string) => JSON.stringify({ worker, token });
    await scripts.beat('a', '{}', 'e');
    await scripts.beat('b', '{}', 'e');
    expect(await scripts.claimLive('cam', 'a', entry('a', '1'), message)).toBeUndefined();
    expect(await scripts.claimLive('cam', 'b', entry('b', '2'), message)).toBe(entry('a', '1'));
    await redis.zrem(keys.beats, 'a');
    expect(await scripts.claimLive('cam', 'b', entry('b', '2'), message)).toBeUndefined();
    await scripts.releaseLive('cam', '1', message);
    expect(await redis.hget(keys.live, 'cam')).toBe(entry('b', '2'));
    await scripts.releaseLive('cam', '2', message);
    expect(await redis.hget(keys.live, 'cam')).toBeNull();
  });
});
