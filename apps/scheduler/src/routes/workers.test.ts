import type { ControlMessage } from '@pushfleet/contract';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { TestApp } from '../testing/test-app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await TestApp.start();
  await app.putWorker({ id: 'id-1', name: 'edge-1', held: 3, capacity: 10 });
  await app.putWorker({ id: 'id-2', name: 'edge-2', pool: 'other' });
  await app.redis.zadd(app.keys.beats, 1000, 'id-2');
  await vi.waitFor(async () => expect((await app.call('GET', '/api/v1/workers')).body.workers).toHaveLength(2));
});
afterAll(() => app[Symbol.asyncDispose]());

describe('/api/v1/workers', () => {
  it('lists the workers and says which one is lost', async () => {
    const { body } = await app.call('GET', '/api/v1/workers');
    expect(body.workers).toMatchObject([
      { id: 'id-1', name: 'edge-1', state: 'ready', held: 3, capacity: 10, beat_age_ms: 0 },
      { id: 'id-2', name: 'edge-2', state: 'lost', pool: 'other' },
    ]);
    expect(body.drains).toEqual([]);
  });

  it('says what is left on a worker that is drained, by whom it is, and when nothing is left', async () => {
    const worker = async () => (await app.call('GET', '/api/v1/workers')).body.workers[0];
    const live = { stream: 's', worker: 'id-1', workerName: 'edge-1', rtmp: '', http: '', token: 't', publisher: '' };
    await app.redis.hset(app.keys.live, 's', JSON.stringify({ ...live, since: '2026-01-01T00:00:00Z' }));
    await app.call('POST', '/api/v1/workers/edge-1/drain');
    await expect
      .poll(worker)
      .toMatchObject({ state: 'draining', held: 3, publications: 1, drain: { by: 'api', at: expect.any(String) } });
    await app.putWorker({ id: 'id-1', name: 'edge-1', held: 0, capacity: 10, state: 'draining' });
    await expect.poll(worker).toMatchObject({ state: 'draining', held: 0, publications: 1 });
    await app.redis.del(app.keys.live);
    await expect.poll(worker).toMatchObject({ state: 'drained', held: 0, publications: 0 });
    await app.call('POST', '/api/v1/workers/edge-1/undrain');
    await app.putWorker({ id: 'id-1', name: 'edge-1', held: 3, capacity: 10 });
    await expect.poll(worker).toMatchObject({ state: 'ready', drain: null });
  });

  it('knows who is drained while no such process runs, and after a loss of all data', async () => {
    await app.call('POST', '/api/v1/workers/edge-1/drain');
    await app.redis.del(app.keys.drains, app.keys.epoch);
    await expect.poll(() => app.redis.hkeys(app.keys.drains)).toEqual(['edge-1']);
    await app.redis.hdel(app.keys.workers, 'id-1');
    const list = async () => (await app.call('GET', '/api/v1/workers')).body;
    await expect.poll(async () => (await list()).workers.length).toBe(1);
    expect((await list()).drains).toMatchObject([{ worker: 'edge-1', by: 'api' }]);
    expect(await app.call('POST', '/api/v1/workers/edge-1/undrain')).toMatchObject({ status: 204 });
    expect((await list()).drains).toEqual([]);
    expect(await app.redis.hkeys(app.keys.drains)).toEqual([]);
    await app.putWorker({ id: 'id-1', name: 'edge-1', held: 3, capacity: 10 });
    await expect.poll(async () => (await list()).workers.length).toBe(2);
  });

  it('tells a worker, by id or name, to drain and to take pushes again', async () => {
    const heard: ControlMessage[] = [];
    const listener = app.redis.duplicate();
    listener.on('message', (_channel, text: string) => heard.push(JSON.parse(text) as ControlMessage));
    await listener.subscribe(app.keys.control);
    expect(await app.call('POST', '/api/v1/workers/id-1/drain')).toMatchObject({ status: 202, body: { id: 'id-1' } });
    expect(await app.call('POST', '/api/v1/workers/edge-1/undrain')).toMatchObject({ status: 202 });
    await expect
      .poll(() => heard)
      .toEqual([
        { op: 'drain', worker: 'edge-1' },
        { op: 'drain', worker: 'edge-1' },
      ]);
    listener.disconnect();
    expect(await app.call('POST', '/api/v1/workers/nobody/drain')).toMatchObject({
      status: 404,
      body: { code: 'worker_not_found' },
    });
  });
});

describe('GET /api/v1/fleet/scaling', () => {
  it('counts what autoscalers need', async () => {
    await app.call('PUT', '/api/v1/streams/s', { pushes: [{ url: 'rtmp://a.example.com/b/c' }] });
    expect((await app.call('GET', '/api/v1/fleet/scaling')).body).toEqual({
      workers: 1,
      capacity: 10,
      used: 3,
      pending: 1,
      desired_workers: 1,
    });
  });
});
