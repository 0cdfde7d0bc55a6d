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
    '/api/v1/nothing',
    '/queues/nothing',
    '/docs/nothing',
  ])('asks for the token on %s', async (url) => {
    expect(await app.call('GET', url)).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
    expect((await app.call('GET', url, undefined, { authorization: 'Bearer wrong' })).status).toBe(401);
    expect((await app.call('GET', url, undefined, bearer)).status).not.toBe(401);
  });

  it.each(['/health', '/ready', '/', '/streams/news'])('asks nobody on %s', async (url) => {
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

describe('a session', () => {
  let app: TestApp;
  let session: string;
  beforeAll(async () => {
    app = await TestApp.start({ token });
    session = cookieOf(await login(app));
  });
  afterAll(() => app[Symbol.asyncDispose]());

  const login = (to: TestApp, given = token, headers = {}) =>
    to.call('POST', '/api/v1/session', { token: given }, headers);
  const cookieOf = ({ headers }: { headers: Record<string, unknown> }) => String(headers['set-cookie']).split(';')[0]!;
  const own = { host: 'fleet.example.com', origin: 'https://fleet.example.com' };

  it('is a cookie that scripts and other sites cannot use, only for the right token', async () => {
    const { status, headers, text } = await login(app);
    expect({ status, text }).toEqual({ status: 204, text: '' });
    expect(headers['set-cookie']).toMatch(
      /^pushfleet_session=[\w.-]+; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Strict$/,
    );
    expect(headers['set-cookie']).not.toContain(token);
    const byTls = await login(app, token, { 'x-forwarded-proto': 'https' });
    expect(byTls.headers['set-cookie']).toContain('; Secure');
    const wrong = await login(app, 'wrong');
    expect(wrong).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
    expect(wrong.headers['set-cookie']).toBeUndefined();
  });

  it.each(['/api/v1/pushes', '/metrics', '/docs', '/docs/json', '/queues', '/queues/api/queues'])(
    'opens %s',
    async (url) => {
      expect((await app.call('GET', url, undefined, { cookie: session })).status).toBe(200);
    },
  );

  it('changes things for its own pages only', async () => {
    const put = (headers: Record<string, string>) =>
      app.call('PUT', '/api/v1/streams/s', {}, { cookie: session, ...headers });
    expect(await put({})).toMatchObject({ status: 403, body: { detail: expect.stringContaining('X-Requested-With') } });
    expect(await put({ ...own, origin: 'https://evil.example.com' })).toMatchObject({ status: 403 });
    expect(await put({ 'sec-fetch-site': 'same-site', 'x-requested-with': 'x' })).toMatchObject({ status: 403 });
    expect(await put(own)).toMatchObject({ status: 201 });
    expect(await put({ 'x-requested-with': 'pushfleet' })).toMatchObject({ status: 200 });
    expect(await login(app, token, { 'sec-fetch-site': 'cross-site' })).toMatchObject({ status: 403 });
  });

  it('tells who is logged in, and ends with a logout', async () => {
    const whoami = async (headers = {}) => (await app.call('GET', '/api/v1/whoami', undefined, headers)).body;
    expect(await whoami()).toEqual({
      login_required: true,
      logged_in: false,
      version: '0.0.0-test',
      session_expires_at: null,
    });
    expect(await whoami(bearer)).toMatchObject({ logged_in: true, session_expires_at: null });
    const cookie = cookieOf(await login(app));
    expect(await whoami({ cookie })).toMatchObject({ logged_in: true, session_expires_at: expect.any(String) });
    const logout = await app.call('DELETE', '/api/v1/session', undefined, { cookie, ...own });
    expect(logout).toMatchObject({ status: 204 });
    expect(logout.headers['set-cookie']).toContain('pushfleet_session=;');
    expect(await whoami({ cookie })).toMatchObject({ logged_in: false });
    expect((await app.call('GET', '/api/v1/pushes', undefined, { cookie })).status).toBe(401);
  });

  it('outlives a restart, and ends with another token', async () => {
    await using restarted = await TestApp.start({ token });
    expect((await restarted.call('GET', '/api/v1/pushes', undefined, { cookie: session })).status).toBe(200);
    await using changed = await TestApp.start({ token: 'another-secret-token' });
    expect((await changed.call('GET', '/api/v1/pushes', undefined, { cookie: session })).status).toBe(401);
  });

  it('is not to be had by guessing', async () => {
    await using guarded = await TestApp.start({ token });
    const statuses: number[] = [];
    for (let guess = 0; guess < 7; guess++) statuses.push((await login(guarded, `guess ${guess}`)).status);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429]);
    const { status, headers, body } = await login(guarded);
    expect({ status, body }).toMatchObject({ status: 429, body: { code: 'too_many_logins' } });
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    // Those who are in, and programs, are not kept out by somebody who guesses.
    expect((await guarded.call('GET', '/api/v1/pushes', undefined, { cookie: session })).status).toBe(200);
    expect((await guarded.call('GET', '/api/v1/pushes', undefined, bearer)).status).toBe(200);
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

  it('needs no login', async () => {
    await using app = await TestApp.start();
    const { body } = await app.call('GET', '/api/v1/whoami');
    expect(body).toMatchObject({ login_required: false, logged_in: true });
    const { status, headers } = await app.call('POST', '/api/v1/session', { token: 'anything' });
    expect({ status, cookie: headers['set-cookie'] }).toEqual({ status: 204, cookie: undefined });
  });
});
