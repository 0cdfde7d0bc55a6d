import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestApp } from '../testing/test-app.ts';

const token = 'a-very-secret-token';
const bearer = { authorization: `Bearer ${token}` };
const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});

describe('with PUSHFLEET_TOKEN', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ token });
  });
  afterAll(() => app[Symbol.asyncDispose]());

  it.each([
    '/api/v1/pushes',
    '/api/v1/config',
    '/metrics',
    '/docs',
    '/docs/json',
    '/queues',
    '/queues/api/queues',
    '/',
    '/nothing',
  ])('asks for the token on %s', async (url) => {
    expect(await app.call('GET', url)).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
    expect((await app.call('GET', url, undefined, { authorization: 'Bearer wrong' })).status).toBe(401);
    expect((await app.call('GET', url, undefined, bearer)).status).not.toBe(401);
  });

  it.each(['/health', '/ready'])('asks nobody on %s', async (url) => {
    expect((await app.call('GET', url)).status).toBe(200);
  });

  it('lets a browser in with any user and the token as password', async () => {
    const { headers } = await app.call('GET', '/queues');
    expect(headers['www-authenticate']).toBe('Basic realm="pushfleet", charset="UTF-8"');
    expect((await app.call('GET', '/queues', undefined, basic('anybody', token))).status).toBe(200);
    expect((await app.call('GET', '/queues', undefined, basic(token, 'wrong'))).status).toBe(401);
  });

  it('tells programs about the token', async () => {
    expect((await app.call('GET', '/api/v1/pushes')).headers['www-authenticate']).toBe('Bearer realm="pushfleet"');
  });

  it('refuses changes that a page of another site sends with a browser that is logged in', async () => {
    const send = (headers: Record<string, string>) =>
      app.call('PUT', '/api/v1/streams/s', {}, { ...basic('me', token), host: 'fleet.example.com', ...headers });
    expect(await send({ origin: 'https://evil.example.com' })).toMatchObject({
      status: 403,
      body: { code: 'forbidden' },
    });
    expect(await send({ 'sec-fetch-site': 'cross-site' })).toMatchObject({ status: 403 });
    expect(await send({ origin: 'null' })).toMatchObject({ status: 403 });
    expect(await send({ origin: 'https://fleet.example.com', 'sec-fetch-site': 'same-origin' })).toMatchObject({
      status: 201,
    });
  });
});

describe('without PUSHFLEET_TOKEN', () => {
  it('serves this machine only, even when a page points its own name at 127.0.0.1', async () => {
    await using app = await TestApp.start();
    for (const host of ['localhost:8080', '127.0.0.1:8080', '[::1]:8080']) {
      expect((await app.call('GET', '/api/v1/pushes', undefined, { host })).status).toBe(200);
    }
    expect(await app.call('GET', '/api/v1/pushes', undefined, { host: 'rebound.example.com' })).toMatchObject({
      status: 403,
      body: { code: 'forbidden' },
    });
  });
});
