import type { FleetEvent } from '@pushfleet/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, TestApp } from '../testing/test-app.ts';

const url = 'rtmp://a.example.com/live/secret-stream-key-1234';
let app: TestApp;
beforeAll(async () => {
  app = await TestApp.start();
  await app.call('PUT', '/api/v1/streams/news', { inputs: ['publish://'] });
  await app.putWorker();
});
afterAll(() => app[Symbol.asyncDispose]());

const post = (body: object) => app.call('POST', '/api/v1/pushes', body);
const create = async (body: object = {}): Promise<Answer> => (await post({ stream: 'news', url, ...body })).body;
const act = (id: string, action: string) => app.call('POST', `/api/v1/pushes/${id}/${action}`);

describe('GET /api/v1/pushes/{id}', () => {
  it('says which options hold and where they come from, and which job it is', async () => {
    const headers = { 'X-Api-Key': 'a-secret-value' };
    await create({ id: 'detailed', retry_limit: 3, pool: 'edge', labels: { site: 'x' }, headers });
    await act('detailed', 'pause');
    const { body, text } = await app.call('GET', '/api/v1/pushes/detailed');
    expect(text).not.toMatch(/secret-stream-key|a-secret-value/);
    expect(body).toMatchObject({
      job: { queue: 'push-edge', id: 'push-detailed' },
      config: { line: expect.stringMatching(/^push rtmp:.*\*\*\*1234 retry_limit=3 .*;$/), place: null },
    });
    expect(body.config.options).toEqual(
      expect.arrayContaining([
        { name: 'retry_limit', value: '3', source: 'api' },
        { name: 'retry_timeout', value: '5', source: 'default' },
        { name: 'timeout', value: expect.stringMatching(/^[a-z]+$/), source: 'default' },
        { name: 'disabled', value: 'true', source: 'override' },
        { name: 'labels.site', value: 'x', source: 'api' },
        { name: 'header.X-Api-Key', value: '***', source: 'api' },
      ]),
    );
  });
});

describe('POST /api/v1/pushes', () => {
  it('adds a push, answers 201 with its place and never shows the stream key', async () => {
    const { status, headers, body, text } = await post({ stream: 'news', url, retry_timeout: 10 });
    expect(status).toBe(201);
    expect(headers.location).toBe(`/api/v1/pushes/${body.id}`);
    expect(body).toMatchObject({
      stream: 'news',
      retry_timeout: 10,
      retry_limit: null,
      desired: 'enabled',
      origin: 'api',
      protocol: 'rtmp',
    });
    expect(text).not.toContain('secret-stream-key');
    await expect
      .poll(() => app.push(body.id))
      .toMatchObject({ id: body.id, status: 'pending', reason: 'not yet taken by a worker' });
  });

  it('adds once when the same push is sent twice with its id', async () => {
    const push = { id: 'twice', stream: 'news', url, retry_limit: 3 };
    const [first, second] = [await post(push), await post({ ...push })];
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.body).toEqual(first.body);
    expect(await post({ ...push, retry_limit: 4 })).toMatchObject({ status: 409, body: { code: 'push_exists' } });
  });

  it('names the field, the value and a hint for each mistake', async () => {
    const { status, headers, body } = await post({ stream: 'news', url, retry_timout: 5, retry_limit: -1 });
    expect(status).toBe(400);
    expect(headers['content-type']).toContain('application/problem+json');
    expect(body).toMatchObject({ code: 'invalid_request', status: 400, instance: '/api/v1/pushes' });
    expect(body.errors).toContainEqual({
      pointer: '#/retry_timout',
      detail: expect.stringContaining("did you mean 'retry_timeout'?"),
    });
    expect(body.errors).toContainEqual({ pointer: '#/retry_limit', detail: expect.stringContaining('not -1') });
  });

  it('refuses targets that are no public address, and schemes that are not spoken', async () => {
    expect(await post({ stream: 'news', url: 'rtmp://127.0.0.1/live/key' })).toMatchObject({
      status: 422,
      body: { code: 'invalid_target', errors: [{ pointer: '#/url' }] },
    });
    const { body } = await post({ stream: 'news', url: 'srt://example.com:9000' });
    expect(body).toMatchObject({
      code: 'invalid_request',
      detail: expect.stringContaining('srt:// are not supported; use one of rtmp://'),
    });
  });

  it('refuses a push of a stream that does not exist', async () => {
    expect(await post({ stream: 'nowhere', url })).toMatchObject({ status: 404, body: { code: 'stream_not_found' } });
  });

  it('refuses bodies that are no JSON, or no object', async () => {
    const broken = await app.call('POST', '/api/v1/pushes', '{"stream":', { 'content-type': 'application/json' });
    expect(broken).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    const text = await app.call('POST', '/api/v1/pushes', 'stream=news', {
      'content-type': 'application/x-www-form-urlencoded',
    });
    expect(text).toMatchObject({ status: 415, body: { code: 'invalid_request', status: 415 } });
    expect(await app.call('POST', '/api/v1/pushes')).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });
});

describe('PATCH /api/v1/pushes/{id}', () => {
  it('changes what is there, resets what is null and leaves what is absent', async () => {
    const { id } = await create({ retry_timeout: 10, retry_limit: 3, comment: 'mine', labels: { a: '1', b: '2' } });
    const patch = { retry_limit: null, comment: 'yours', labels: { a: null } };
    const { status, body } = await app.call('PATCH', `/api/v1/pushes/${id}`, patch);
    expect(status).toBe(200);
    expect(body).toMatchObject({ retry_timeout: 10, retry_limit: null, comment: 'yours', labels: { b: '2' } });
  });

  it('takes a merge patch by its own media type', async () => {
    const { id } = await create();
    const headers = { 'content-type': 'application/merge-patch+json' };
    const { status } = await app.call('PATCH', `/api/v1/pushes/${id}`, '{"retry_timeout":7}', headers);
    expect(status).toBe(200);
    expect(await app.push(id)).toMatchObject({ retry_timeout: 7 });
  });

  it('changes one header, keeps the others, and never takes a mask for a value', async () => {
    const { id } = await create({ headers: { 'X-One': 'secret-one', 'X-Two': 'secret-two' }, hls_profile: 's3' });
    const patch = (body: object) => app.call('PATCH', `/api/v1/pushes/${id}`, body);
    const kept = async () => JSON.parse((await app.redis.hget(app.keys.push(id), 'options'))!).headers;

    const changed = await patch({ headers: { 'X-Two': 'secret-2', 'X-Three': 'secret-three' } });
    expect(changed.body).toMatchObject({ headers: { 'X-One': '***', 'X-Two': '***', 'X-Three': '***' } });
    expect(changed.text).not.toContain('secret');
    expect(await kept()).toEqual({ 'X-One': 'secret-one', 'X-Two': 'secret-2', 'X-Three': 'secret-three' });

    expect(await patch({ headers: changed.body.headers })).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', errors: [{ pointer: '#/headers/X-One' }] },
    });
    expect((await patch({ headers: { 'x-one': 'again' } })).status).toBe(400);
    expect(await kept()).toMatchObject({ 'X-One': 'secret-one' });

    expect((await patch({ headers: { 'X-One': null } })).body.headers).toEqual({ 'X-Two': '***', 'X-Three': '***' });
    expect((await patch({ headers: null, hls_delete: false })).body).toMatchObject({
      headers: {},
      hls_profile: 's3',
      hls_delete: false,
    });
  });

  it('never starts a paused push because disabled is absent', async () => {
    const { id } = await create();
    await act(id, 'pause');
    await app.call('PATCH', `/api/v1/pushes/${id}`, { comment: 'still paused' });
    expect(await app.push(id)).toMatchObject({ desired: 'disabled', status: 'disabled', comment: 'still paused' });
  });

  it('lets `disabled` win over an older pause', async () => {
    const { id } = await create();
    await act(id, 'pause');
    await app.call('PATCH', `/api/v1/pushes/${id}`, { disabled: false });
    expect(await app.push(id)).toMatchObject({ desired: 'enabled', paused: null });
  });

  it('takes no new revision when nothing changes', async () => {
    const { id, revision } = await create({ retry_limit: 3 });
    const { body } = await app.call('PATCH', `/api/v1/pushes/${id}`, { retry_limit: 3 });
    expect(body.revision).toBe(revision);
  });

  it('refuses a new target that cannot be used', async () => {
    const { id } = await create();
    expect(await app.call('PATCH', `/api/v1/pushes/${id}`, { url: 'rtmp://10.0.0.1/a/b' })).toMatchObject({
      status: 422,
      body: { code: 'invalid_target' },
    });
  });
});

describe('DELETE /api/v1/pushes/{id}', () => {
  it('makes the push unknown at once, and leaves nothing in Redis', async () => {
    const { id } = await create();
    await app.redis.hset(app.keys.memory(id), 'epoch', '1');
    expect((await app.call('DELETE', `/api/v1/pushes/${id}`)).status).toBe(204);
    expect(await app.call('GET', `/api/v1/pushes/${id}`)).toMatchObject({
      status: 404,
      body: { code: 'push_not_found' },
    });
    expect((await app.call('DELETE', `/api/v1/pushes/${id}`)).status).toBe(404);
    await expect.poll(() => app.redis.keys(`${app.keys.tag}*${id}*`), { interval: 100 }).toEqual([]);
  });

  it('frees the id for another push', async () => {
    await create({ id: 'again' });
    await app.call('DELETE', '/api/v1/pushes/again');
    expect(await post({ id: 'again', stream: 'news', url, retry_limit: 9 })).toMatchObject({
      status: 201,
      body: { retry_limit: 9 },
    });
  });
});

describe('pause, resume and restart', () => {
  it('say by whom and since when a push is paused', async () => {
    const { id } = await create();
    const { status, body } = await act(id, 'pause');
    expect(status).toBe(202);
    expect(body).toMatchObject({
      desired: 'disabled',
      status: 'disabled',
      reason: 'paused by api',
      paused: { by: 'api' },
    });
    expect((await act(id, 'pause')).body.paused).toEqual(body.paused);
    expect((await act(id, 'resume')).body).toMatchObject({ desired: 'enabled', paused: null });
  });

  it('resume a push that its option disables', async () => {
    const { id } = await create({ disabled: true });
    expect((await act(id, 'resume')).body).toMatchObject({ desired: 'enabled', disabled: true, paused: null });
  });

  it('take commands with an empty body of any type', async () => {
    const { id } = await create();
    const headers = { 'content-type': 'application/json' };
    expect((await app.call('POST', `/api/v1/pushes/${id}/pause`, '', headers)).status).toBe(202);
  });

  it('wait for the effect when asked to', async () => {
    const { id } = await create();
    await app.putReport({ push: id, status: 'running' });
    const restart = app.call('POST', `/api/v1/pushes/${id}/restart?wait=10s`);
    await expect.poll(async () => (await app.push(id)).revision).toBeGreaterThan(1);
    const { revision } = await app.push(id);
    await app.putReport({
      push: id,
      revision,
      status: 'retry',
      next_retry_at: new Date(Date.now() + 5000).toISOString(),
    });
    expect(await restart).toMatchObject({ status: 202, body: { status: 'retry', revision } });
  });

  it('answer with what is true when the wait is over', async () => {
    const { id } = await create();
    expect(await app.call('POST', `/api/v1/pushes/${id}/restart?wait=200ms`)).toMatchObject({
      status: 202,
      body: { status: 'pending' },
    });
    expect(await app.call('POST', `/api/v1/pushes/${id}/restart?wait=soon`)).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '#/wait' }] },
    });
  });

  it('clear the error in which a push rests', async () => {
    const { id, revision } = await create();
    const error = { code: 'dns', message: 'No such host.', at: '2026-01-01T00:00:00.000Z', revision };
    await app.app.scheduler.cache.setErrors([{ push: app.app.scheduler.cache.pushes.get(id)!, error }]);
    expect(await app.push(id)).toMatchObject({ status: 'error', last_error: { code: 'dns' } });
    expect((await act(id, 'restart')).body).toMatchObject({ status: 'pending', last_error: null });
  });

  it('answer 404 for a push that is not there', async () => {
    expect(await act('nobody', 'pause')).toMatchObject({ status: 404, body: { code: 'push_not_found' } });
  });
});

describe('GET /api/v1/pushes', () => {
  it('pages through the pushes that match, in a stable order', async () => {
    await app.call('PUT', '/api/v1/streams/paged', {
      pushes: [1, 2, 3, 4, 5].map((n) => ({ url: `rtmp://h${n}.example.com/a/b` })),
    });
    const list = '/api/v1/pushes?stream=paged&limit=2';
    const first = (await app.call('GET', list)).body;
    expect(first).toMatchObject({ estimated_count: 5, pushes: [{ stream: 'paged' }, { stream: 'paged' }] });
    const second = (await app.call('GET', `${list}&cursor=${first.next}`)).body;
    const third = (await app.call('GET', `${list}&cursor=${second.next}`)).body;
    expect(third).toMatchObject({ next: null, pushes: [{}] });
    const ids = [first, second, third].flatMap(({ pushes }) => pushes.map(({ id }: Answer) => id));
    expect(new Set(ids).size).toBe(5);
  });

  it('finds pushes by status, worker and words', async () => {
    const { id } = await create({ comment: 'the findable one' });
    await app.putReport({ push: id, status: 'stalled' });
    await expect
      .poll(async () => (await app.call('GET', '/api/v1/pushes?status=stalled')).body.pushes)
      .toMatchObject([{ id }]);
    expect((await app.call('GET', '/api/v1/pushes?worker=worker-1&q=findable')).body.pushes).toMatchObject([{ id }]);
    expect((await app.call('GET', '/api/v1/pushes?q=status:running')).body.pushes).toEqual([]);
  });

  it('refuses parameters that it does not know, and limits that are no numbers', async () => {
    for (const query of ['limits=5', 'limit=', 'limit=0', 'limit=abc']) {
      expect(await app.call('GET', `/api/v1/pushes?${query}`)).toMatchObject({
        status: 400,
        body: { code: 'invalid_request' },
      });
    }
  });
});

describe('what is kept of a push', () => {
  it('lists its attempts and its events, newest first', async () => {
    const { id } = await create();
    await act(id, 'pause');
    const entry = {
      attempt: 1,
      worker: 'w',
      started_at: 'a',
      connected_at: null,
      ended_at: 'b',
      peer: '',
      bytes: 0,
      frames: 0,
      cause: 'dns',
      message: '',
      failed: true,
    };
    await app.redis.lpush(app.keys.journal(id), JSON.stringify(entry));
    expect((await app.call('GET', `/api/v1/pushes/${id}/attempts`)).body).toEqual({ attempts: [entry] });
    const { events } = (
      await app.call<{ events: (FleetEvent & { id: string })[] }>('GET', `/api/v1/pushes/${id}/events`)
    ).body;
    expect(events.map(({ event }) => event)).toEqual(['push_disabled', 'push_created']);
    expect(events[0]).toMatchObject({ push: id, stream: 'news', by: 'api', url: 'rtmp://a.example.com/live/***1234' });
  });
});
