import { Queue, QueueEvents } from 'bullmq';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, TestApp } from '../testing/test-app.ts';

const key = 'secret-stream-key-1234';
const url = `rtmp://a.example.com/live/${key}`;
let app: TestApp;
/** What another service has: BullMQ, the names of queue and prefix, and nothing of ours. */
let queue: Queue;
let events: QueueEvents;

beforeAll(async () => {
  app = await TestApp.start();
  await app.call('PUT', '/api/v1/streams/news', { inputs: ['publish://'] });
  queue = new Queue('requests', { prefix: app.keys.tag, connection: app.redis.duplicate() });
  events = new QueueEvents('requests', { prefix: app.keys.tag, connection: app.redis.duplicate(), lastEventId: '0-0' });
  await events.waitUntilReady();
});
afterAll(async () => {
  await Promise.all([queue.close(), events.close()]);
  await app[Symbol.asyncDispose]();
});

/** Sends a request and waits for the answer: what the job returns, or the reason why it failed. */
async function send(data: unknown, options: object = {}): Promise<{ id: string; result?: Answer; failure?: string }> {
  const job = await queue.add('request', data, options);
  try {
    return { id: job.id!, result: await job.waitUntilFinished(events, 5_000) };
  } catch (error) {
    return { id: job.id!, failure: (error as Error).message };
  }
}
/** Everything that Redis keeps of a request. */
const stored = async (id: string): Promise<string> => JSON.stringify(await app.redis.hgetall(queue.toKey(id)));

describe('the intake queue', () => {
  it('adds a push, answers with its id, and keeps no secret in the job', async () => {
    const { id, result } = await send({ v: 1, stream: 'news', url, retry_timeout: 10 });
    expect(result).toEqual({ push: expect.any(String), status: 'pending' });
    expect(await app.push(result!.push)).toMatchObject({ origin: 'intake', stream: 'news', retry_timeout: 10 });
    expect(await stored(id)).not.toContain(key);
    expect(await stored(id)).toContain('***1234');
  });

  it('takes headers, and keeps no value of them in the job', async () => {
    const headers = { 'X-Api-Key': key, Authorization: `Bearer ${key}` };
    const { id, result } = await send({ v: 1, stream: 'news', url, headers });
    expect(await app.push(result!.push)).toMatchObject({ headers: { 'X-Api-Key': '***', Authorization: '***' } });
    expect(await app.redis.hget(app.keys.push(result!.push), 'options')).toContain(`Bearer ${key}`);
    expect(await stored(id)).not.toContain(key);
  });

  it('adds once when the sender names the push and sends twice', async () => {
    const request = { v: 1, id: 'named', stream: 'news', url };
    const answers = [await send(request), await send(request)];
    expect(answers.map(({ result }) => result?.push)).toEqual(['named', 'named']);
    expect((await send({ ...request, retry_limit: 2 })).failure).toMatch(/^push_exists: /);
  });

  it('adds one push for a request without id that was begun twice', async () => {
    const request = { v: 1, stream: 'news', url: 'rtmp://once.example.com/a/b' };
    const { id, result } = await send(request);
    await app.redis.hset(queue.toKey(id), 'data', JSON.stringify(request));
    await (await queue.getJob(id))!.retry('completed');
    await expect.poll(async () => (await queue.getJob(id))?.isCompleted()).toBe(true);
    expect((await queue.getJob(id))!.returnvalue.push).toBe(result!.push);
    expect((await app.call('GET', '/api/v1/pushes?q=once.example.com')).body.estimated_count).toBe(1);
    await (await queue.getJob(id))!.retry('completed');
    await expect.poll(async () => (await queue.getJob(id))?.isCompleted()).toBe(true);
  });

  it('pauses, resumes, restarts and removes', async () => {
    await send({ v: 1, id: 'steered', stream: 'news', url });
    const command = async (action: string) => (await send({ v: 1, action, push: 'steered' })).result;
    expect(await command('pause')).toEqual({ push: 'steered', status: 'disabled' });
    expect(await app.push('steered')).toMatchObject({ paused: { by: 'intake' } });
    expect(await command('resume')).toEqual({ push: 'steered', status: 'pending' });
    expect(await command('restart')).toEqual({ push: 'steered', status: 'pending' });
    expect(await command('remove')).toEqual({ push: 'steered', status: 'removed' });
    expect((await app.call('GET', '/api/v1/pushes/steered')).status).toBe(404);
  });

  it.each<[string, unknown, RegExp]>([
    [
      'a field that it does not know',
      { v: 1, stream: 'news', url, retry_timout: 5 },
      /^invalid_request: .*retry_timout.*did you mean 'retry_timeout'/,
    ],
    [
      'a value out of range',
      { v: 1, stream: 'news', url, retry_limit: 0 },
      /^invalid_request: retry_limit must be .* not 0/,
    ],
    ['another version', { v: 2, stream: 'news', url }, /^invalid_request: /],
    ['no object', 'push it', /^invalid_request: /],
    ['an unknown command', { v: 1, action: 'explode', push: 'x' }, /^invalid_request: /],
    [
      'a stream that does not exist',
      { v: 1, stream: 'nowhere', url },
      /^stream_not_found: There is no stream 'nowhere'/,
    ],
    ['a push that does not exist', { v: 1, action: 'pause', push: 'nobody' }, /^push_not_found: /],
    [
      'a private address',
      { v: 1, stream: 'news', url: `rtmp://user:pass-word@10.0.0.1/live/${key}` },
      /^invalid_target: .*10\.0\.0\.1/,
    ],
    [
      'a scheme that is not spoken',
      { v: 1, stream: 'news', url: 'srt://user:pass-word@example.com/x/' },
      /^invalid_request: .*srt:\/\/ are not supported; use one of rtmp:\/\//,
    ],
    [
      'headers that stand where they do not belong',
      { v: 1, stream: 'news', url: 'rtmp://10.0.0.1/a/b', headers: { Host: key, 'X-Api-Key': key } },
      /^invalid_request: headers must be without Host/,
    ],
    ['headers of no kind', { v: 1, stream: 'news', url, headers: [`X-Api-Key: ${key}`] }, /^invalid_request: headers /],
    ['a URL of no kind', { v: 1, stream: 'news', url: `example.com/${key}` }, /^invalid_request: url: /],
  ])('refuses %s at once, with a sentence, and keeps no secret', async (_what, data, failure) => {
    const answer = await send(data, { attempts: 5, backoff: 1 });
    expect(answer.failure).toMatch(failure);
    const job = (await queue.getJob(answer.id))!;
    expect(await job.getState()).toBe('failed');
    expect(job.attemptsMade).toBe(1);
    const kept = await stored(answer.id);
    expect(kept).not.toContain('pass-word');
    expect(kept).not.toContain(key);
    expect(kept).not.toMatch(/\.ts:\d/);
  });

  it('removes a job that cannot be read, and goes on', async () => {
    const job = await queue.add('broken', {}, { delay: 300 });
    await app.redis.hset(queue.toKey(job.id!), 'data', '{broken');
    await expect.poll(() => app.redis.exists(queue.toKey(job.id!))).toBe(0);
    expect((await send({ v: 1, id: 'after', stream: 'news', url })).result).toMatchObject({ push: 'after' });
  });
});
