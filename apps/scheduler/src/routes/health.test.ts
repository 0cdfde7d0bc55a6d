import { describe, expect, it } from 'vitest';
import { TestApp } from '../testing/test-app.ts';

describe('the pages around the API', () => {
  it('say that the process lives and is ready, with advice about Redis', async () => {
    await using app = await TestApp.start();
    expect(await app.call('GET', '/health')).toMatchObject({
      status: 200,
      body: { status: 'ok', version: '0.0.0-test' },
    });
    const { status, body } = await app.call('GET', '/ready');
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'ready', warnings: expect.any(Array) });
  });

  it('count pushes, workers and jobs for Prometheus', async () => {
    await using app = await TestApp.start();
    await app.putWorker();
    await app.call('PUT', '/api/v1/streams/s', {
      pushes: [{ url: 'rtmp://a.example.com/b/c' }, { url: 'rtmp://a.example.com/b/d', disabled: true }],
    });
    const metrics = async () => (await app.call('GET', '/metrics')).text;
    await expect.poll(metrics).toContain('pushfleet_queue_jobs{queue="push-default",state="waiting"} 1');
    const text = await metrics();
    expect(text).toContain('pushfleet_pushes{status="pending"} 1');
    expect(text).toContain('pushfleet_pushes{status="disabled"} 1');
    expect(text).toContain('pushfleet_workers{pool="default",state="ready"} 1');
    expect(text).toContain('pushfleet_leader 1');
    expect(text).toMatch(/pushfleet_reconcile_seconds_count \d+/);
    expect(text).toContain('nodejs_heap_size_used_bytes');
  });

  it('describe every route of the API as OpenAPI 3.1, and link to queues and documentation', async () => {
    await using app = await TestApp.start();
    const { body } = await app.call('GET', '/docs/json');
    expect(body.openapi).toBe('3.1.0');
    expect(Object.keys(body.paths).sort()).toMatchInlineSnapshot(`
      [
        "/api/v1/config",
        "/api/v1/config/state",
        "/api/v1/config/validate",
        "/api/v1/error-codes",
        "/api/v1/errors",
        "/api/v1/events",
        "/api/v1/events/recent",
        "/api/v1/fleet/scaling",
        "/api/v1/live",
        "/api/v1/pushes",
        "/api/v1/pushes/bulk",
        "/api/v1/pushes/{id}",
        "/api/v1/pushes/{id}/attempts",
        "/api/v1/pushes/{id}/events",
        "/api/v1/pushes/{id}/pause",
        "/api/v1/pushes/{id}/restart",
        "/api/v1/pushes/{id}/resume",
        "/api/v1/pushes/{id}/test",
        "/api/v1/session",
        "/api/v1/streams",
        "/api/v1/streams/{name}",
        "/api/v1/streams/{name}/preview",
        "/api/v1/targets/check",
        "/api/v1/targets/test",
        "/api/v1/whoami",
        "/api/v1/workers",
        "/api/v1/workers/{id}/drain",
        "/api/v1/workers/{id}/undrain",
        "/health",
        "/ready",
      ]
    `);
    expect(Object.keys(body.components.schemas)).toEqual(
      expect.arrayContaining(['Push', 'Stream', 'Worker', 'Problem', 'NewPush']),
    );
    const { text } = await app.call('GET', '/');
    expect(text).toContain('href="/queues"');
    expect(text).toContain('href="/docs"');
  });

  it('answers problems for what is not there', async () => {
    await using app = await TestApp.start();
    expect(await app.call('GET', '/api/v1/nothing?secret=1')).toMatchObject({
      status: 404,
      body: { code: 'not_found', instance: '/api/v1/nothing' },
    });
  });
});
