import { parseFailure } from '@pushfleet/contract';
import { type Job, UnrecoverableError, Worker } from 'bullmq';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OwnRedis } from '../testing/own-redis.ts';
import { TestApp } from '../testing/test-app.ts';

const url = 'rtmp://a.example.com/live/key';

/** A worker as BullMQ sees ours: holds a job until it is told to let go, or fails it. */
class FakeWorker {
  readonly held = new Map<string, Job>();
  readonly failWith = new Map<string, string>();
  readonly #letGo = new Map<string, () => void>();
  readonly #worker: Worker;

  constructor(app: TestApp, pool = 'default') {
    const connection = app.redis.duplicate();
    this.#worker = new Worker(`push-${pool}`, (job) => this.#hold(job), {
      prefix: app.keys.tag,
      connection,
      concurrency: 50,
    });
    this.#worker.on('error', () => {});
    this.#worker.on('closed', () => connection.disconnect());
  }

  letGo(push: string): void {
    this.#letGo.get(push)?.();
  }

  async close(): Promise<void> {
    for (const push of this.held.keys()) this.letGo(push);
    await this.#worker.close();
  }

  async #hold(job: Job): Promise<void> {
    const { push } = job.data as { push: string };
    const failure = this.failWith.get(push);
    if (failure !== undefined) throw new UnrecoverableError(failure);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.held.set(push, job);
    this.#letGo.set(push, resolve);
    await promise;
    this.held.delete(push);
  }
}

/** Two seconds, and what a busy machine adds; a client of Redis would try for many more. */
const SOON_S = 5;

let app: TestApp;
let worker: FakeWorker;
beforeEach(async () => {
  app = await TestApp.start();
  worker = new FakeWorker(app);
  await app.call('PUT', '/api/v1/streams/news', { inputs: ['publish://'] });
  return async () => {
    await worker.close();
    await app[Symbol.asyncDispose]();
  };
});

const create = (body: object = {}) => app.call('POST', '/api/v1/pushes', { id: 'one', stream: 'news', url, ...body });
const act = (action: string) => app.call('POST', `/api/v1/pushes/one/${action}`);
const heldRevision = () => (worker.held.get('one')?.data as { revision: number } | undefined)?.revision;
const poll = <T>(look: () => T) => expect.poll(look, { interval: 20 });

describe('the reconcile loop', () => {
  it('hands a new push to a worker, and lets it end when the push is paused', async () => {
    const { revision } = (await create()).body;
    await poll(heldRevision).toBe(revision);
    await act('pause');
    worker.letGo('one');
    await poll(() =>
      app.app.scheduler.queues.byPool.get('default')!.getJobCounts('wait', 'active', 'delayed', 'failed'),
    ).toEqual({
      wait: 0,
      active: 0,
      delayed: 0,
      failed: 0,
    });
    await act('resume');
    await poll(heldRevision).toBe((await app.push('one')).revision);
  });

  it('tells a holder again and again until it has let go', async () => {
    await create();
    await poll(heldRevision).toBeDefined();
    const listener = app.redis.duplicate();
    const told: string[] = [];
    listener.on('message', (_channel, text: string) => told.push(text));
    await listener.subscribe(app.keys.control);
    await act('pause');
    await poll(() => told.filter((text) => text === '{"op":"push","push":"one"}').length).toBeGreaterThan(2);
    listener.disconnect();
  });

  it('lets a push rest in its error, keeps the failed job for Bull Board, and tries again after a restart', async () => {
    worker.failWith.set('one', 'rtmp_rejected: The target refused the publication.');
    await create();
    await poll(() => app.push('one')).toMatchObject({
      status: 'error',
      last_error: { code: 'rtmp_rejected', message: 'The target refused the publication.' },
    });
    const failed = await app.app.scheduler.queues.byPool.get('default')!.getFailed();
    expect(failed.map(({ failedReason }) => parseFailure(failedReason!).code)).toEqual(['rtmp_rejected']);
    worker.failWith.clear();
    await act('restart');
    await poll(heldRevision).toBe((await app.push('one')).revision);
    expect(worker.held.get('one')!.attemptsMade).toBe(0);
  });

  it('sees that a failed job was retried in Bull Board', async () => {
    worker.failWith.set('one', 'dns: No such host.');
    await create();
    await poll(() => app.push('one')).toMatchObject({ status: 'error' });
    worker.failWith.clear();
    expect((await app.call('PUT', '/queues/api/queues/push-default/push-one/retry')).status).toBe(204);
    await poll(heldRevision).toBeDefined();
    await poll(() => app.push('one')).toMatchObject({ status: 'pending', last_error: null });
  });

  it('attempts at once with a fresh budget when a waiting push is changed', async () => {
    await worker.close();
    await create({ retry_limit: 2 });
    const queue = () => app.app.scheduler.queues.byPool.get('default')!;
    await poll(() => queue().getWaitingCount()).toBe(1);
    const job = (await queue().getJob('push-one'))!;
    await app.redis.hset(queue().toKey('push-one'), 'atm', 1);
    await app.call('PATCH', '/api/v1/pushes/one', { retry_limit: 7 });
    await poll(async () => (await queue().getJob('push-one'))?.opts.attempts).toBe(7);
    expect(await queue().getJob('push-one')).toMatchObject({ attemptsMade: 0, id: job.id });
  });

  it('moves a push to another pool once its holder has let go', async () => {
    const edge = new FakeWorker(app, 'edge');
    await create();
    await poll(heldRevision).toBeDefined();
    await app.call('PATCH', '/api/v1/pushes/one', { pool: 'edge' });
    const counts = () => app.app.scheduler.queues.byPool.get('edge')?.getJobCounts('wait', 'active');
    await poll(() => app.app.scheduler.queues.byPool.has('edge')).toBe(true);
    expect(await counts()).toEqual({ wait: 0, active: 0 });
    worker.letGo('one');
    await poll(() => edge.held.has('one')).toBe(true);
    expect(worker.held.has('one')).toBe(false);
    await edge.close();
  });

  it('removes jobs that nobody wants and jobs that cannot be read', async () => {
    await create();
    await poll(heldRevision).toBeDefined();
    const queue = app.app.scheduler.queues.byPool.get('default')!;
    const delay = 60_000;
    await queue.add('push', { v: 1, push: 'stranger', revision: 1 }, { jobId: 'push-stranger', delay });
    await queue.add('push', {}, { jobId: 'push-odd', delay });
    await app.redis.hset(queue.toKey('push-odd'), 'data', '{broken');
    await poll(() => queue.getDelayedCount()).toBe(0);
    expect(worker.held.has('one')).toBe(true);
  });
});

describe('several schedulers', () => {
  it('lead one at a time, all serve, and the next one takes over when the leader stops', async () => {
    const { prefix } = { prefix: app.keys.tag.slice(1, -1) };
    const second = await TestApp.start({ prefix });
    expect([app.app.scheduler.lock.isLeader, second.app.scheduler.lock.isLeader]).toEqual([true, false]);
    await second.call('POST', '/api/v1/pushes', { id: 'two', stream: 'news', url });
    await poll(() => worker.held.has('two')).toBe(true);
    await poll(() => app.push('two')).toMatchObject({ id: 'two' });
    worker.failWith.set('one', 'dns: No such host.');
    await create();
    await poll(() => second.push('one')).toMatchObject({ status: 'error', last_error: { code: 'dns' } });
    await app.app.close();
    await poll(() => second.app.scheduler.lock.isLeader).toBe(true);
    await second.call('POST', '/api/v1/pushes', { id: 'three', stream: 'news', url });
    await poll(() => worker.held.has('three')).toBe(true);
    await second.app.close();
    second.redis.disconnect();
  });
});

describe('a Redis that is lost', () => {
  let redis: OwnRedis;
  beforeEach(async () => {
    redis = await OwnRedis.start();
  });
  afterEach(() => redis[Symbol.asyncDispose]());

  it('comes back empty: nothing accepted is lost, and jobs are made again', async () => {
    await using other = await TestApp.start({ redisUrl: redis.url });
    await other.call('PUT', '/api/v1/streams/news', { inputs: ['publish://'] });
    await other.call('POST', '/api/v1/pushes', { id: 'one', stream: 'news', url });
    const before = await other.push('one');
    await redis.kill();
    const away = await other.call('GET', '/api/v1/pushes/one');
    expect(away).toMatchObject({ status: 200, headers: { 'pushfleet-stale': 'true' }, body: { id: 'one' } });
    expect(await other.call('POST', '/api/v1/pushes/one/pause')).toMatchObject({
      status: 503,
      body: { code: 'redis_unavailable' },
    });
    await redis.start();
    await poll(() => other.redis.zrange(other.keys.pushes, '0', '-1')).toEqual(['one']);
    await poll(() => other.app.scheduler.queues.byPool.get('default')?.getWaitingCount()).toBe(1);
    const { created_at, revision } = before;
    expect(await other.push('one')).toMatchObject({ created_at, revision, status: 'pending' });
  });

  it('comes back empty: jobs that their holders have put back are left alone, and none is added before they had the time', async () => {
    await using other = await TestApp.start({ redisUrl: redis.url });
    const { cache, queues } = other.app.scheduler;
    await other.call('PUT', '/api/v1/streams/news', { inputs: ['publish://'] });
    await other.call('POST', '/api/v1/pushes', { id: 'one', stream: 'news', url });
    await poll(() => queues.byPool.get('default')?.getWaitingCount()).toBe(1);
    await other.redis.flushall();
    await queues.byPool
      .get('default')!
      .add('push', { v: 1, push: 'of-another-scheduler', revision: 9 }, { jobId: 'push-x', delay: 60_000 });
    await poll(() => cache.restoredAt).toBeGreaterThan(0);
    await poll(() => queues.byPool.get('default')!.getWaitingCount()).toBe(1);
    expect(performance.now() - cache.restoredAt).toBeGreaterThan(3_000);
    // Nobody has put that push back by then.
    await poll(() => queues.byPool.get('default')!.getDelayedCount()).toBe(0);
  });

  it('freezes: reads come from memory, changes are refused soon, health never asks', async () => {
    await using other = await TestApp.start({ redisUrl: redis.url });
    await other.call('PUT', '/api/v1/streams/news', { inputs: ['publish://'] });
    await other.call('POST', '/api/v1/pushes', { id: 'one', stream: 'news', url });
    redis.freeze();
    const timed = async (method: 'GET' | 'POST', path: string) => {
      const startedAt = performance.now();
      const { status, body, headers } = await other.call(method, path);
      return { status, body, headers, seconds: (performance.now() - startedAt) / 1000 };
    };
    const answers = await Promise.all([
      timed('GET', '/api/v1/pushes'),
      timed('GET', '/api/v1/pushes/one'),
      timed('GET', '/api/v1/streams'),
      timed('POST', '/api/v1/pushes/one/restart'),
      timed('GET', '/ready'),
      timed('GET', '/health'),
    ]);
    redis.thaw();
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 503, 503, 200]);
    expect(answers[0]!.body).toMatchObject({ stale: true, as_of: expect.any(String), pushes: [{ id: 'one' }] });
    expect(answers[2]!.body).toMatchObject({ stale: true, streams: [{ name: 'news' }] });
    expect(answers[3]!.headers['retry-after']).toBe('2');
    for (const { seconds } of answers) expect(seconds).toBeLessThan(SOON_S);
    await poll(async () => (await other.call('POST', '/api/v1/pushes/one/restart')).status).toBe(202);
  });

  it('ends the connections: a change waits until they are opened again', async () => {
    await using other = await TestApp.start({ redisUrl: redis.url });
    await other.call('PUT', '/api/v1/streams/news', { inputs: ['publish://'] });
    await other.call('POST', '/api/v1/pushes', { id: 'one', stream: 'news', url });
    const { commands } = other.app.scheduler.redis;
    const gone = new Promise((resolve) => commands.once('close', resolve));
    await other.redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await gone;
    expect(commands.status).not.toBe('ready');
    expect(await other.call('POST', '/api/v1/pushes/one/pause')).toMatchObject({ status: 202 });
    commands.stream.end(); // as ioredis does when a sentinel tells of another master
    expect(await other.call('POST', '/api/v1/pushes/one/resume')).toMatchObject({ status: 202 });
  });

  it('is away from the start: reads say so instead of showing an empty fleet', async () => {
    await redis.kill();
    await using other = await TestApp.start({ redisUrl: redis.url });
    for (const path of ['/api/v1/pushes', '/api/v1/streams', '/api/v1/pushes/one', '/api/v1/config']) {
      expect(await other.call('GET', path)).toMatchObject({ status: 503, body: { code: 'redis_unavailable' } });
    }
    await redis.start();
    await poll(async () => (await other.call('GET', '/api/v1/pushes')).status).toBe(200);
  });
});
