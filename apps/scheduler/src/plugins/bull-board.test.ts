import { Queue } from 'bullmq';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { TestApp } from '../testing/test-app.ts';

const key = 'secret-stream-key-1234';
const url = `rtmp://a.example.com/live/${key}`;
let app: TestApp;
let queue: Queue;
beforeAll(async () => {
  app = await TestApp.start();
  await app.call('PUT', '/api/v1/streams/news', { inputs: ['publish://'] });
  await app.call('POST', '/api/v1/pushes', { id: 'one', stream: 'news', url });
  queue = new Queue('push-default', { prefix: app.keys.tag, connection: app.redis });
  await vi.waitFor(async () => expect(await queue.getJobCounts('wait')).toEqual({ wait: 1 }));
});
afterAll(async () => {
  await queue.close();
  await app[Symbol.asyncDispose]();
});

const api = (method: 'GET' | 'PUT' | 'POST' | 'PATCH', path: string, body?: object) =>
  app.call(method, `/queues/api/queues${path}`, body);

describe('Bull Board', () => {
  it('serves its page and shows the queue of every pool, and the requests', async () => {
    const page = await app.call('GET', '/queues');
    expect(page).toMatchObject({ status: 200 });
    expect(page.text).toContain('Pushfleet queues');
    await app.call('POST', '/api/v1/pushes', { stream: 'news', url, pool: 'edge' });
    const names = async () => (await api('GET', '')).body.queues.map(({ name }: { name: string }) => name).sort();
    await expect.poll(names).toEqual(['push-default', 'push-edge', 'requests']);
  });

  it('shows a push without its URL', async () => {
    const { body, text } = await api('GET', '/push-default/push-one');
    expect(body.job.data).toEqual({ v: 1, push: 'one', revision: expect.any(Number) });
    expect(text).not.toContain(key);
  });

  it('masks URLs in data, failure, stack, options and logs of a foreign job', async () => {
    const requests = new Queue('requests', { prefix: app.keys.tag, connection: app.redis });
    const headers = { 'X-Api-Key': key };
    const job = await requests.add('add', { url, note: `see ${url}`, headers }, { delay: 60_000, jobId: 'foreign-1' });
    await job.log(`dialling ${url}`);
    await app.redis.hset(requests.toKey('foreign-1'), {
      failedReason: `refused ${url}`,
      stacktrace: JSON.stringify([`Error: refused ${url}\n at x`]),
      opts: JSON.stringify({ attempts: 1, note: url }),
      returnvalue: JSON.stringify(url),
    });
    for (const path of [
      '/requests/foreign-1',
      '/requests/foreign-1/logs',
      '?activeQueue=requests&status=delayed&page=1&jobsPerPage=10',
    ]) {
      const { status, text } = await api('GET', path);
      expect(status).toBe(200);
      expect(text).toContain('***1234');
      expect(text).not.toContain(key);
    }
    await job.remove();
    await requests.close();
  });

  it.each<['PUT' | 'POST' | 'PATCH', string]>([
    ['POST', '/push-default/add'],
    ['PATCH', '/push-default/push-one/update-data'],
    ['PUT', '/push-default/obliterate'],
    ['PUT', '/push-default/empty'],
    ['PUT', '/push-default/pause'],
    ['PUT', '/push-default/push-one/clean'],
  ])('refuses %s %s: the queue follows desired state', async (method, path) => {
    expect((await api(method, path, { name: 'x', data: {}, options: {}, jobData: {} })).status).toBe(405);
    expect(await queue.getJobCounts('wait')).toEqual({ wait: 1 });
  });

  it('lets people promote a delayed attempt', async () => {
    const delayed = await queue.add('push', {}, { jobId: 'push-later', delay: 60_000 });
    const { status } = await api('PUT', `/push-default/${delayed.id}/promote`);
    expect(status).toBe(204);
  });
});
