import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, TestApp } from '../testing/test-app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await TestApp.start();
});
afterAll(() => app[Symbol.asyncDispose]());

const put = (name: string, body: object) => app.call('PUT', `/api/v1/streams/${encodeURIComponent(name)}`, body);
const get = async (name: string): Promise<Answer> =>
  (await app.call('GET', `/api/v1/streams/${encodeURIComponent(name)}`)).body;
const targets = (stream: Answer): string[] => stream.pushes.map(({ url }: Answer) => url);

describe('PUT /api/v1/streams/{name}', () => {
  it('makes a stream, then replaces it', async () => {
    const made = await put('shows/one', { inputs: ['publish://'], password: 'secret-word', title: 'One' });
    expect(made).toMatchObject({
      status: 201,
      body: { name: 'shows/one', title: 'One', has_password: true, status: 'waiting', pushes: [] },
    });
    expect(made.text).not.toContain('secret-word');
    expect(await put('shows/one', { inputs: ['publish://'] })).toMatchObject({
      status: 200,
      body: { title: '', has_password: false },
    });
  });

  it('makes its pushes equal to the list, and keeps those that stay', async () => {
    const [a, b] = ['rtmp://a.example.com/live/one', 'rtmp://b.example.com/live/two'];
    const { pushes } = (await put('listed', { pushes: [{ url: a }, { url: b, retry_limit: 2 }] })).body;
    const after = (
      await put('listed', { pushes: [{ url: b, retry_limit: 2 }, { url: 'rtmp://c.example.com/live/three' }] })
    ).body;
    expect(
      targets(after)
        .map((url) => new URL(url).host)
        .sort(),
    ).toEqual(['b.example.com', 'c.example.com']);
    const kept = (stream: Answer[]) => stream.find(({ url }) => url.includes('b.example.com'))!;
    expect(kept(after.pushes)).toMatchObject({ id: kept(pushes).id, revision: kept(pushes).revision });
    expect(targets((await put('listed', { comment: 'the list stays' })).body)).toHaveLength(2);
    expect(targets((await put('listed', { pushes: [] })).body)).toEqual([]);
  });

  it('names what is wrong with the name, the body or a push in it', async () => {
    expect(await put('no spaces', {})).toMatchObject({ status: 400, body: { errors: [{ pointer: '#/name' }] } });
    expect(await put('a', { name: 'b' })).toMatchObject({ status: 400, body: { errors: [{ pointer: '#/name' }] } });
    expect(await put('a', { inptus: [] })).toMatchObject({ status: 400, body: { errors: [{ pointer: '#/inptus' }] } });
    expect(await put('a', { pushes: [{ url: 'rtmp://x/a/b', retry_limit: 0 }] })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '#/pushes/0/retry_limit' }] },
    });
    expect(await put('a', { pushes: [{ url: 'rtmp://127.0.0.1/a/b' }] })).toMatchObject({
      status: 422,
      body: { code: 'invalid_target' },
    });
    expect((await app.call('GET', '/api/v1/streams/a')).status).toBe(404);
  });
});

describe('PATCH /api/v1/streams/{name}', () => {
  const patch = (name: string, body: object) => app.call('PATCH', `/api/v1/streams/${name}`, body);
  const secrets = async () =>
    (await app.redis.hget(app.keys.stream('patched'), 'spec')) ?? expect.unreachable('no such stream in Redis');

  it('changes what is named, takes null for the default, and leaves password and pushes alone', async () => {
    const spec = { inputs: ['publish://'], title: 'One', password: 'secret-word', source_timeout: 9 };
    await put('patched', { ...spec, pushes: [{ url: 'rtmp://a.example.com/live/one' }] });
    expect(await patch('patched', { title: 'Two', source_timeout: null })).toMatchObject({
      status: 200,
      body: { title: 'Two', source_timeout: null, has_password: true, inputs: ['publish://'], pushes: [{}] },
    });
    expect(await patch('patched', { password: null })).toMatchObject({ body: { has_password: false } });
  });

  it('keeps the secret of an input that is sent back as it is shown', async () => {
    await put('patched', { inputs: ['rtmp://origin.example.com/live/first-stream-key', 'publish://'] });
    const [shown] = (await get('patched')).inputs;
    expect(shown).toContain('***');
    const { body } = await patch('patched', { inputs: ['rtmp://b.example.com/live/second-stream-key', shown] });
    expect(body.inputs).toHaveLength(2);
    expect(JSON.parse(await secrets()).inputs).toEqual([
      'rtmp://b.example.com/live/second-stream-key',
      'rtmp://origin.example.com/live/first-stream-key',
    ]);
  });

  it.each([
    [{ inputs: ['rtmp://nobody.example.com/live/***-key'] }, 400, '#/inputs/0'],
    [{ inputs: ['gopher://x'] }, 400, '#/inputs/0'],
    [{ source_timeout: 0 }, 400, '#/source_timeout'],
    [{ pushes: [] }, 400, '#/pushes'],
  ])('refuses %j and names the place', async (body, status, pointer) => {
    await put('patched', { inputs: ['publish://'] });
    expect(await patch('patched', body)).toMatchObject({ status, body: { errors: [{ pointer }] } });
  });

  it('knows no stream that is not there', async () => {
    expect(await patch('nowhere', { title: 'x' })).toMatchObject({ status: 404, body: { code: 'stream_not_found' } });
  });
});

describe('GET /api/v1/streams', () => {
  it('shows inputs without secrets, who publishes the stream, and its pushes', async () => {
    await put('pulled', {
      inputs: ['rtmp://user:secret-word@origin.example.com/live/secret-stream-key'],
      pushes: [{ url: 'rtmp://t.example.com/a/b' }],
    });
    const source = {
      stream: 'pulled',
      worker: 'w1',
      workerName: 'worker-1',
      rtmp: '',
      token: 't',
      publisher: '192.0.2.9:5000',
      since: '2026-01-01T00:00:00.000Z',
    };
    await app.redis.hset(app.keys.live, 'pulled', JSON.stringify(source));
    await expect
      .poll(() => get('pulled'))
      .toMatchObject({
        inputs: ['rtmp://***@origin.example.com/live/***-key'],
        status: 'running',
        source: { worker: 'worker-1', publisher: '192.0.2.9:5000', since: '2026-01-01T00:00:00.000Z' },
        pushes: [{ stream: 'pulled', status: 'pending' }],
      });
    const { body, text } = await app.call('GET', '/api/v1/streams');
    expect(body.streams.map(({ name }: Answer) => name)).toContain('pulled');
    expect(text).not.toContain('secret');
  });
});

describe('DELETE /api/v1/streams/{name}', () => {
  it('removes the stream and its pushes', async () => {
    const { pushes } = (await put('doomed', { pushes: [{ url: 'rtmp://a.example.com/live/one' }] })).body;
    expect((await app.call('DELETE', '/api/v1/streams/doomed')).status).toBe(204);
    expect(await app.call('GET', '/api/v1/streams/doomed')).toMatchObject({
      status: 404,
      body: { code: 'stream_not_found' },
    });
    expect((await app.call('GET', `/api/v1/pushes/${pushes[0].id}`)).status).toBe(404);
    expect((await app.call('DELETE', '/api/v1/streams/doomed')).status).toBe(404);
  });
});
