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
        { op: 'drain', worker: 'id-1' },
        { op: 'undrain', worker: 'id-1' },
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
