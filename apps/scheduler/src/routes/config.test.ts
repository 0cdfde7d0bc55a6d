import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestApp } from '../testing/test-app.ts';

const text = `stream bunny {
  password secret-word;
  input publish://;
  push rtmp://a.example.com/live/secret-stream-key-1234 retry_timeout=10 retry_limit=5 disabled;
}
`;
const secrets = `stream cdn {
  source_timeout 3;
  push hls://user:secret-word@a.example.com/live/ hls_profile=akamai header.X-Api-Key="secret word";
}
`;
const json = { accept: 'application/json' };

describe('/api/v1/config without a config file', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app[Symbol.asyncDispose]());
  const put = (body: string) => app.call('PUT', '/api/v1/config', body);

  it('takes a configuration and gives it back, secrets masked unless they are asked for', async () => {
    expect(await put(text)).toMatchObject({ status: 200, body: { streams: 1, pushes: 1, diagnostics: [] } });
    const shown = await app.call('GET', '/api/v1/config');
    expect(shown.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(shown.text).toContain('push rtmp://a.example.com/live/***1234 retry_timeout=10 retry_limit=5 disabled;');
    expect(shown.text).not.toContain('secret');
    expect((await app.call('GET', '/api/v1/config?reveal=true')).text).toBe(text);
    expect((await app.call('GET', '/api/v1/config', undefined, json)).body).toMatchObject({
      streams: [{ name: 'bunny', inputs: ['publish://'], pushes: [{ retry_timeout: 10, disabled: true }] }],
    });
  });

  it('shows the names of headers, and their values to those who ask for them', async () => {
    expect((await put(secrets)).status).toBe(200);
    const shown = await app.call('GET', '/api/v1/config');
    expect(shown.text).toContain('push hls://***@a.example.com/live/ hls_profile=akamai header.X-Api-Key=***;');
    expect((await app.call('GET', '/api/v1/config', undefined, json)).text).not.toContain('secret');
    expect((await app.call('GET', '/api/v1/config?reveal=true')).text).toBe(secrets);
    expect((await app.call('GET', '/api/v1/streams/cdn')).body).toMatchObject({
      source_timeout: 3,
      pushes: [{ hls_profile: 'akamai', hls_method: 'put', hls_delete: null, headers: { 'X-Api-Key': '***' } }],
    });
    expect(await put(secrets.replace('"secret word"', '***'))).toMatchObject({
      status: 422,
      body: { code: 'invalid_config', detail: expect.stringContaining("push 1 of stream 'cdn' is masked") },
    });
  });

  it('changes only what differs, and leaves what the API has made', async () => {
    await put(text);
    await app.call('PUT', '/api/v1/streams/mine', {});
    expect((await put(text)).body).toMatchObject({ streams: 0, pushes: 0 });
    expect((await put(text.replace('retry_limit=5', 'retry_limit=6'))).body).toMatchObject({ streams: 0, pushes: 1 });
    expect((await put('')).body).toMatchObject({ streams: 1, pushes: 1 });
    expect((await app.call('GET', '/api/v1/streams/bunny')).status).toBe(404);
    expect((await app.call('GET', '/api/v1/streams/mine')).status).toBe(200);
  });

  it('refuses a configuration with errors as a whole, with line and column', async () => {
    await put(text);
    const { status, body } = await put('stream a { input publish://; }\nstream b { push nothing; }\n');
    expect(status).toBe(422);
    expect(body).toMatchObject({ code: 'invalid_config', detail: expect.stringMatching(/^Line 2, column \d+: /) });
    expect((await app.call('GET', '/api/v1/streams/a')).status).toBe(404);
  });

  it('refuses a configuration that was shown with masks, and targets that are no public address', async () => {
    await put(text);
    const masked = (await app.call('GET', '/api/v1/config')).text;
    expect(await put(masked)).toMatchObject({
      status: 422,
      body: { code: 'invalid_config', detail: expect.stringContaining('masked') },
    });
    expect(await put('stream s { push rtmp://127.0.0.1/a/b; }')).toMatchObject({
      status: 422,
      body: { code: 'invalid_target' },
    });
  });

  it('checks without changing anything', async () => {
    const check = (body: string) => app.call('POST', '/api/v1/config/validate', body);
    expect((await check('stream only-checked { input publish://; }')).body).toEqual({ valid: true, diagnostics: [] });
    expect((await app.call('GET', '/api/v1/streams/only-checked')).status).toBe(404);
    expect((await check('stream a {')).body).toMatchObject({
      valid: false,
      diagnostics: [{ severity: 'error', line: 1 }],
    });
  });

  it('lets objects of the configuration be paused, and nothing else', async () => {
    await put(text);
    const [push] = (await app.call('GET', '/api/v1/streams/bunny')).body.pushes;
    const path = `/api/v1/pushes/${push.id}`;
    expect(await app.call('PATCH', path, { retry_limit: 1 })).toMatchObject({
      status: 409,
      body: { code: 'owned_by_file' },
    });
    expect(await app.call('DELETE', path)).toMatchObject({ status: 409, body: { code: 'owned_by_file' } });
    expect(await app.call('PUT', '/api/v1/streams/bunny', {})).toMatchObject({
      status: 409,
      body: { code: 'owned_by_file' },
    });
    expect(await app.call('DELETE', '/api/v1/streams/bunny')).toMatchObject({
      status: 409,
      body: { code: 'owned_by_file' },
    });
    expect((await app.call('POST', `${path}/resume`)).body).toMatchObject({ desired: 'enabled', disabled: true });
    await app.call('POST', `${path}/pause`);
    await put(text.replace('retry_limit=5', 'retry_limit=7'));
    expect((await app.call('GET', path)).body).toMatchObject({ retry_limit: 7, paused: { by: 'api' } });
  });
});

describe('/api/v1/config with a config file', () => {
  it('shows the file and leaves changing it to the file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pushfleet-config-'));
    const configFile = join(folder, 'fleet.conf');
    await writeFile(configFile, text);
    await using app = await TestApp.start({ configFile });
    expect((await app.call('GET', '/api/v1/config?reveal=true')).text).toBe(text);
    expect(await app.call('PUT', '/api/v1/config', '')).toMatchObject({ status: 409, body: { code: 'owned_by_file' } });
    await rm(folder, { recursive: true });
  });
});
