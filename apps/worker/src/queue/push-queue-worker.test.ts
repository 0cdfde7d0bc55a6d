import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connectRedis, Keys, type PushJob } from '@pushfleet/contract';
import { type Processor, Queue } from 'bullmq';
import { describe, expect, inject, it, onTestFinished, vi } from 'vitest';
import { FleetScripts } from '../fleet/scripts.ts';
import { PushQueueWorker } from './push-queue-worker.ts';

const queueName = 'push-default';

/** A worker on a queue of its own that is not started yet. */
function workerOf(process: Processor<PushJob>) {
  const redis = connectRedis(inject('redisUrl'), () => {});
  const keys = new Keys(`test-${randomUUID()}`);
  const worker = new PushQueueWorker({
    queueName,
    keys,
    connection: redis,
    scripts: new FleetScripts(redis, keys, queueName),
    workerName: 'w1',
    process,
    heldJob: () => undefined,
    epoch: () => '',
    lost: () => {},
  });
  const queue = new Queue<PushJob>(queueName, { prefix: keys.tag, connection: redis });
  onTestFinished(async () => {
    await worker.close(true);
    await queue.obliterate({ force: true });
    await queue.close();
    redis.disconnect();
  });
  return { worker, queue };
}

const jobOf = (id: string) => ({
  name: 'push',
  data: { v: 1 as const, push: id, revision: 1 },
  opts: { jobId: `push-${id}` },
});

it('a queue whose loop has ended without being paused is started again, and only then', async () => {
  const done = vi.fn(async () => {});
  const { worker, queue } = workerOf(done);
  const add = (id: string) => queue.addBulk([jobOf(id)]);
  expect(worker.revive()).toBe(false); // nobody has started it
  void worker.run();
  await add('one');
  await vi.waitFor(() => expect(done).toHaveBeenCalledTimes(1));
  expect(worker.revive()).toBe(false);
  await worker.pause(true);
  await add('two'); // wakes the loop, which sees that it is paused
  await vi.waitFor(() => expect(worker.isRunning()).toBe(false));
  expect(worker.revive()).toBe(false);
  Object.assign(worker, { paused: false }); // what a resume leaves that came before the loop was quite gone
  expect(worker.revive()).toBe(true);
  expect(worker.revive()).toBe(false);
  await add('three');
  await vi.waitFor(() => expect(done).toHaveBeenCalledTimes(3));
});

it('what a fetch has brought is held, though one beside it has failed', async () => {
  const held: string[] = [];
  const end = Promise.withResolvers<void>();
  const { worker, queue } = workerOf(async ({ id = '' }) => {
    held.push(id);
    await end.promise;
  });
  onTestFinished(() => end.resolve());
  worker.on('error', () => {});
  const { backend } = worker as unknown as { backend: { moveToActive(token: string): Promise<unknown> } };
  const fetchOne = backend.moveToActive.bind(backend);
  let failures = 0;
  backend.moveToActive = (token) => {
    if (!token.includes('.') || failures++ > 0) return fetchOne(token);
    return Promise.reject(new Error('the connection was lost'));
  };
  const jobs = Array.from({ length: 5 }, (_, n) => jobOf(`${n}`));
  await queue.addBulk(jobs);
  await worker.setConcurrency(10);
  void worker.run();
  await vi.waitFor(() => expect(held).toHaveLength(jobs.length));
  expect(failures).toBeGreaterThan(0);
});

it('whoever processes a job hears that it is cancelled, defaults of parameters or not', async () => {
  const started = Promise.withResolvers<void>();
  const { worker, queue } = workerOf(async (_job, token = '', signal?: AbortSignal) => {
    started.resolve();
    if (signal === undefined) throw new Error(`no signal came with ${token}`);
    await once(signal, 'abort');
    return signal.reason;
  });
  const ended = new Promise((resolve) => {
    worker.once('completed', (_job, result) => resolve(result));
    worker.once('failed', (_job, error) => resolve(error.message));
  });
  void worker.run();
  await queue.addBulk([jobOf('one')]);
  await started.promise;
  worker.cancelJob('push-one', 'lost');
  await expect(ended).resolves.toBe('lost');
});

describe('a queue with more jobs than a worker may hold', () => {
  const JOBS = 300;
  const SHARE = 100;

  async function hold() {
    const end = Promise.withResolvers<void>();
    /** Jobs that were still to be taken when each one started. */
    const leftAtStart: Promise<number>[] = [];
    const tokens: string[] = [];
    const fleet = workerOf(async (_job, token = '') => {
      tokens.push(token);
      leftAtStart.push(fleet.queue.getWaitingCount());
      await end.promise;
    });
    onTestFinished(() => end.resolve());
    await fleet.queue.addBulk(Array.from({ length: JOBS }, (_, n) => jobOf(`${n}`)));
    await fleet.worker.setConcurrency(SHARE);
    void fleet.worker.run();
    return { ...fleet, end, leftAtStart, tokens };
  }

  it('is taken from up to the share, and the first jobs are started before the last ones are fetched', async () => {
    const { worker, queue, leftAtStart, tokens } = await hold();
    await vi.waitFor(() => expect(tokens).toHaveLength(SHARE));
    const left = await Promise.all(leftAtStart);
    expect(left[0]).toBeGreaterThan(JOBS - SHARE);
    expect(left.at(-1)).toBe(JOBS - SHARE);
    expect(await queue.getActiveCount()).toBe(SHARE);
    expect(new Set(tokens).size).toBe(SHARE);
    await worker.setConcurrency(SHARE + 50);
    await vi.waitFor(() => expect(tokens).toHaveLength(SHARE + 50));
    expect(await queue.getActiveCount()).toBe(SHARE + 50);
  });

  it('leaves no job behind that was fetched and not started when the worker is paused', async () => {
    const { worker, queue, tokens } = await hold();
    await vi.waitFor(() => expect(tokens.length).toBeGreaterThan(0));
    await worker.pause(true);
    await vi.waitFor(async () => expect(await queue.getActiveCount()).toBe(tokens.length));
    expect(tokens.length).toBeLessThanOrEqual(SHARE);
  });

  it('is worked off one job for another', async () => {
    const { queue, end, tokens } = await hold();
    end.resolve();
    await vi.waitFor(() => expect(tokens).toHaveLength(JOBS));
    await vi.waitFor(async () => expect(await queue.getActiveCount()).toBe(0));
    expect(await queue.getWaitingCount()).toBe(0);
    expect(new Set(tokens.map((token) => token.split(':')[0])).size).toBe(1);
  });
});

it('a job that comes after the share was raised while there was none is not slept on', async () => {
  const end = Promise.withResolvers<void>();
  onTestFinished(() => end.resolve());
  const held = vi.fn(() => end.promise);
  const { worker, queue } = workerOf(held);
  // It has waited in vain for a while.
  const waits = vi.spyOn(worker.getBackend(), 'waitForJob').mockResolvedValueOnce(null);
  await worker.setConcurrency(10);
  void worker.run();
  await vi.waitFor(() => expect(waits).toHaveBeenCalledTimes(2));
  await worker.setConcurrency(20);
  await queue.addBulk([jobOf('only')]); // each one more would wake it again
  await vi.waitFor(() => expect(held).toHaveBeenCalledOnce());
});
