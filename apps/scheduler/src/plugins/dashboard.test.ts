import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestApp } from '../testing/test-app.ts';

let dashboard: string;
let app: TestApp;
beforeAll(async () => {
  dashboard = await mkdtemp(join(tmpdir(), 'pushfleet-dashboard-'));
  app = await TestApp.start({ token: 'a-secret-token', dashboard });
});
afterAll(async () => {
  await app[Symbol.asyncDispose]();
  await rm(dashboard, { recursive: true });
});

const policy = expect.stringContaining("script-src 'self'");

describe('the dashboard', () => {
  it('is missed on a page that says how to build it', async () => {
    const { status, text, headers } = await app.call('GET', '/');
    expect({ status, headers }).toMatchObject({ status: 200, headers: { 'content-security-policy': policy } });
    expect(text).toContain('npm run build');
  });

  describe('when it is built', () => {
    beforeAll(async () => {
      await mkdir(join(dashboard, 'assets'));
      await writeFile(join(dashboard, 'index.html'), '<title>built</title>');
      await writeFile(join(dashboard, 'assets', 'index-Ab12.js'), 'script');
      await writeFile(join(dashboard, 'icon.svg'), '<svg/>');
    });

    it.each(['/', '/streams/a%2Fb.c/output', '/streams/a/b', '/workers', '/config', '/anything.else/here'])(
      'has its page at %s',
      async (url) => {
        const { status, text, headers } = await app.call('GET', url);
        expect({ status, text }).toEqual({ status: 200, text: '<title>built</title>' });
        expect(headers).toMatchObject({ 'cache-control': 'no-cache', 'content-security-policy': policy });
        const { etag } = headers;
        expect((await app.call('GET', url, undefined, { 'if-none-match': String(etag) })).status).toBe(304);
      },
    );

    it('has files, of which those with a hash in their name are kept for ever', async () => {
      const script = await app.call('GET', '/assets/index-Ab12.js');
      expect(script).toMatchObject({ status: 200, text: 'script' });
      expect(script.headers).toMatchObject({
        'cache-control': 'public, max-age=31536000, immutable',
        'content-type': expect.stringContaining('javascript'),
      });
      expect((await app.call('GET', '/icon.svg')).headers).toMatchObject({ 'cache-control': 'no-cache' });
    });

    it('sends them compressed to whoever takes that, as the build has left them', async () => {
      await writeFile(join(dashboard, 'assets', 'index-Ab12.js.br'), 'shorter');
      const call = (encodings: string) =>
        app.call('GET', '/assets/index-Ab12.js', undefined, { 'accept-encoding': encodings });
      expect(await call('gzip, br')).toMatchObject({
        text: 'shorter',
        headers: { 'content-encoding': 'br', 'content-type': expect.stringContaining('javascript') },
      });
      const plain = await call('gzip');
      expect(plain).toMatchObject({ text: 'script', headers: { vary: 'accept-encoding' } });
      expect(plain.headers).not.toHaveProperty('content-encoding');
    });

    it.each(['/assets/gone.js', '/gone.png', '/assets/..%2findex.html%00', '/assets/%2e%2e/%2e%2e/package.json'])(
      'has no file %s',
      async (url) => {
        const { status, headers } = await app.call('GET', url);
        expect([403, 404]).toContain(status);
        expect(headers['cache-control'] ?? '').not.toContain('immutable');
      },
    );

    it('is not what is answered for a path of the API', async () => {
      for (const url of [
        '/api/v1/nothing',
        '/queues/nothing/x',
        '/docs/nothing',
        '/metrics/x',
        '/streamer/api/v3/config',
      ])
        expect((await app.call('GET', url)).status).toBe(401);
      const login = { authorization: 'Bearer a-secret-token' };
      expect(await app.call('GET', '/api/v1/nothing', undefined, login)).toMatchObject({
        status: 404,
        body: { code: 'not_found' },
      });
    });
  });
});
