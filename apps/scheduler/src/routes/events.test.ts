import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listenTo } from '../testing/event-client.ts';
import { TestApp } from '../testing/test-app.ts';

let app: TestApp;
let port: number;
beforeAll(async () => {
  app = await TestApp.start();
  await app.app.listen({ host: '127.0.0.1', port: 0 });
  port = (app.app.server.address() as AddressInfo).port;
  await app.call('PUT', '/api/v1/streams/news', {});
});
afterAll(() => app[Symbol.asyncDispose]());

const listen = (path?: string, headers?: Record<string, string>) => listenTo(port, path, headers);
const create = (id: string) =>
  app.call('POST', '/api/v1/pushes', { id, stream: 'news', url: 'rtmp://a.example.com/live/secret-key-0001' });
const append = (event: object, id = '*') =>
  app.redis.xadd(app.keys.events, id, 'e', JSON.stringify({ at: '2026-01-01T00:00:00.000Z', ...event }));

describe('GET /api/v1/events', () => {
  it('tells what happens as it happens, with the ids of the Redis stream', async () => {
    const client = listen();
    expect(await client.opened).toBe(200);
    await create('told');
    await expect.poll(() => client.messages).toHaveLength(1);
    const [message] = client.messages;
    expect(message).toMatchObject({ event: 'push_created', id: expect.stringMatching(/^\d+-\d+$/) });
    expect(JSON.parse(message!.data)).toMatchObject({
      event: 'push_created',
      push: 'told',
      url: 'rtmp://a.example.com/live/***0001',
    });
    client.close();
  });

  it('resumes after the id that the client saw last, without a gap and without saying anything twice', async () => {
    const first = await append({ event: 'push_opened', push: 'r' });
    const second = await append({ event: 'push_connected', push: 'r' });
    const client = listen('/api/v1/events?push=r', { 'last-event-id': first! });
    await client.opened;
    const third = await append({ event: 'push_started', push: 'r' });
    await expect.poll(() => client.messages.map(({ id }) => id)).toEqual([second, third]);
    client.close();
  });

  it('says so when events after that id are gone', async () => {
    const client = listen('/api/v1/events?push=none&since=1-0');
    await expect.poll(() => client.messages).toMatchObject([{ event: 'reset' }]);
    client.close();
  });

  it('narrows to one push or one stream', async () => {
    const [byPush, byStream] = [listen('/api/v1/events?push=p7'), listen('/api/v1/events?stream=s7')];
    await Promise.all([byPush.opened, byStream.opened]);
    await append({ event: 'push_started', push: 'p7', stream: 'other' });
    await append({ event: 'push_started', push: 'other', stream: 's7' });
    await expect.poll(() => [byPush.messages.length, byStream.messages.length]).toEqual([1, 1]);
    expect(JSON.parse(byPush.messages[0]!.data)).toMatchObject({ push: 'p7' });
    expect(JSON.parse(byStream.messages[0]!.data)).toMatchObject({ stream: 's7' });
    byPush.close();
    byStream.close();
  });

  it('refuses an id that is none, and clients that want something else', async () => {
    expect((await app.call('GET', '/api/v1/events?since=yesterday')).status).toBe(400);
    expect((await app.call('GET', '/api/v1/events', undefined, { accept: 'application/json' })).status).toBe(406);
  });

  it('does not keep the scheduler from ending', async () => {
    const other = await TestApp.start();
    await other.app.listen({ host: '127.0.0.1', port: 0 });
    const { port: otherPort } = other.app.server.address() as AddressInfo;
    const client = request({ port: otherPort, path: '/api/v1/events' }).on('error', () => {});
    const opened = new Promise((resolve) =>
      client.once('response', (answer) => resolve(answer.on('error', () => {}).resume())),
    );
    client.end();
    await opened;
    await other[Symbol.asyncDispose]();
    expect(other.app.server.listening).toBe(false);
  });

  it('tells when Redis goes and when it is back', async () => {
    const { contact } = app.app.scheduler;
    const client = listen();
    await client.opened;
    contact.missed();
    const late = listen(); // it has come meanwhile
    await late.opened;
    await expect.poll(() => late.messages.length).toBe(1);
    contact.answered();
    const told = [
      { stale: true, as_of: expect.any(String) },
      { stale: false, as_of: expect.any(String) },
    ];
    for (const { messages } of [client, late]) {
      await expect.poll(() => messages.map(({ event }) => event)).toEqual(['stale', 'stale']);
      expect(messages.map(({ data }) => JSON.parse(data))).toEqual(told);
    }
    client.close();
    late.close();
  });
});
