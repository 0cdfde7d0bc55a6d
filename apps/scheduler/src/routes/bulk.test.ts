import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestApp } from '../testing/test-app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await TestApp.start();
  await app.call('PUT', '/api/v1/streams/a', {});
  await app.call('PUT', '/api/v1/streams/b', {});
  for (const [id, stream] of [
    ['a1', 'a'],
    ['a2', 'a'],
    ['b1', 'b'],
  ]) {
    await app.call('POST', '/api/v1/pushes', { id, stream, url: `rtmp://${id}.example.com/live/key` });
  }
});
afterAll(() => app[Symbol.asyncDispose]());

const bulk = (body: object) => app.call('POST', '/api/v1/pushes/bulk', body);
const pausedIds = async () =>
  (await app.call('GET', '/api/v1/pushes?status=disabled')).body.pushes.map(({ id }: { id: string }) => id);

describe('POST /api/v1/pushes/bulk', () => {
  it('tells without changing anything what a selector finds', async () => {
    const { status, body } = await bulk({ action: 'pause', selector: { stream: 'a' }, dry_run: true });
    expect(status).toBe(200);
    expect(body).toEqual({
      dry_run: true,
      results: [
        { id: 'a1', ok: true },
        { id: 'a2', ok: true },
      ],
    });
    expect(await pausedIds()).toEqual([]);
  });

  it('changes what the selector finds, and nothing else', async () => {
    await bulk({ action: 'pause', selector: { q: 'stream:a' } });
    expect(await pausedIds()).toEqual(['a1', 'a2']);
    await bulk({ action: 'resume', selector: { status: 'disabled', ids: ['a1', 'b1'] } });
    expect(await pausedIds()).toEqual(['a2']);
    await bulk({ action: 'pause', selector: { all: true } });
    expect(await pausedIds()).toEqual(['a1', 'a2', 'b1']);
  });

  it('says of each push whether it worked', async () => {
    const { body } = await bulk({ action: 'remove', selector: { ids: ['b1', 'nobody'] } });
    expect(body.results).toEqual([
      { id: 'b1', ok: true },
      { id: 'nobody', ok: false, code: 'push_not_found', detail: "There is no push with the id 'nobody'." },
    ]);
  });

  it('refuses a selector that names nothing: the whole fleet must be meant', async () => {
    expect(await bulk({ action: 'remove', selector: {} })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '#/selector' }] },
    });
    expect(await bulk({ action: 'remove', selector: { q: '' } })).toMatchObject({ status: 400 });
    expect(await bulk({ action: 'explode', selector: { all: true } })).toMatchObject({ status: 400 });
  });
});
