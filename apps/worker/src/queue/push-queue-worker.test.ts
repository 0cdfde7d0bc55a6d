import { randomUUID } from 'node:crypto';
import { connectRedis, Keys, type PushJob } from '@pushfleet/contract';
import { Queue } from 'bullmq';
import { expect, inject, it, onTestFinished, vi } from 'vitest';
import { FleetScripts } from '../fleet/scripts.ts';
import { PushQueueWorker } from './push-queue-worker.ts';

it('a queue whose loop has ended without being paused is started again, and only then', async () => {
  const redis = connectRedis(inject('redisUrl'), () => {});
  const keys = new Keys(`test-${randomUUID()}`);
  const queueName = 'push-default';
  const done = vi.fn(async () => {});
  const worker = new PushQueueWorker({
    queueName,
    keys,
    connection: redis,
    scripts: new FleetScripts(redis, keys, queueName),
    workerName: 'w1',
    process: done,
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
  const add = (id: string) => queue.add('push', { v: 1, push: id, revision: 1 }, { jobId: `push-${id}` });
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
