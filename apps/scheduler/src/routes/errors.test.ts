import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestApp } from '../testing/test-app.ts';

let app: TestApp;
const url = 'rtmp://***@a.example.com:1936/live/***1234';
const failed = (cause: string, at: string, more: object = {}) =>
  app.redis.xadd(
    app.keys.events,
    '*',
    'e',
    JSON.stringify({ event: 'push_retry', at, push: 'gone', url, cause, message: `it was ${cause}`, ...more }),
  );

beforeAll(async () => {
  app = await TestApp.start();
  await app.putWorker();
  await app.call('PUT', '/api/v1/streams/news', { inputs: ['publish://'] });
});
afterAll(() => app[Symbol.asyncDispose]());

describe('GET /api/v1/errors', () => {
  it('has each cause at each host, those that affect most pushes first, with what to do', async () => {
    await failed('connect_refused', '2026-01-01T00:00:00.000Z');
    await failed('connect_refused', '2026-01-01T00:00:05.000Z', { event: 'push_error' });
    await failed('dns', '2026-01-01T00:00:09.000Z', { url: 'rtmp://nowhere.example.com/live/x' });
    await failed('source_timeout', '2026-01-01T00:00:09.000Z', { event: 'push_closed' });
    expect((await app.call('GET', '/api/v1/errors')).body.errors).toEqual([
      expect.objectContaining({ code: 'dns', host: 'nowhere.example.com', affected: 0, attempts: 1 }),
      {
        code: 'connect_refused',
        host: 'a.example.com:1936',
        fault: 'target',
        title: expect.stringContaining('refused'),
        remedy: expect.stringContaining('Check'),
        affected: 0,
        pushes: [],
        attempts: 2,
        first_seen: '2026-01-01T00:00:00.000Z',
        last_seen: '2026-01-01T00:00:05.000Z',
        last_message: 'it was connect_refused',
      },
    ]);
    for (const id of ['one', 'two']) {
      await app.call('POST', '/api/v1/pushes', { id, stream: 'news', url: `rtmp://a.example.com:1936/live/key-${id}` });
      const { revision } = await app.push(id);
      await app.putReport({
        push: id,
        revision: revision as number,
        status: 'retry',
        last_error: { code: 'connect_refused', message: 'refused', at: '2026-01-01T00:00:05.000Z', peer: '' },
        next_retry_at: new Date(Date.now() + 60_000).toISOString(),
      });
    }
    await failed('connect_refused', '2026-01-01T00:01:00.000Z');
    const first = async () => (await app.call('GET', '/api/v1/errors')).body.errors[0];
    await expect.poll(first).toMatchObject({
      code: 'connect_refused',
      affected: 2,
      pushes: ['one', 'two'],
      attempts: 3,
      last_seen: '2026-01-01T00:01:00.000Z',
    });
  });
});

describe('GET /api/v1/error-codes', () => {
  it('has the table', async () => {
    const { codes } = (await app.call('GET', '/api/v1/error-codes')).body;
    expect(codes).toContainEqual({
      code: 'dns',
      fault: 'target',
      retry: 'backoff',
      title: expect.any(String),
      remedy: expect.stringContaining('DNS'),
    });
  });
});
