import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestApp } from '../testing/test-app.ts';
import { ConfigFileError } from './config-file.ts';

let folder: string;
let configFile: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pushfleet-config-'));
  configFile = join(folder, 'fleet.conf');
});
afterEach(() => rm(folder, { recursive: true }));

const text = (...pushes: string[]) =>
  `stream bunny { input publish://; ${pushes.map((push) => `push ${push};`).join(' ')} }`;
const pushesOf = async (app: TestApp) => (await app.call('GET', '/api/v1/streams/bunny')).body.pushes;
const poll = <T>(look: () => T) => expect.poll(look);

describe('the config file', () => {
  it('is applied at start, private addresses and unknown protocols included', async () => {
    await writeFile(configFile, text('rtmp://127.0.0.1/live/key retry_limit=3', 'hls://10.0.0.1/x/'));
    await using app = await TestApp.start({ configFile });
    const pushes = (await pushesOf(app)) as { origin: string; protocol: string; retry_limit: number | null }[];
    expect(pushes.map(({ origin, protocol, retry_limit }) => [origin, protocol, retry_limit]).sort()).toEqual([
      ['file', 'hls', null],
      ['file', 'rtmp', 3],
    ]);
  });

  it('is read again when it changes, and touches only what changed', async () => {
    await writeFile(configFile, text('rtmp://a.example.com/live/one', 'rtmp://b.example.com/live/two'));
    await using app = await TestApp.start({ configFile });
    const before = await pushesOf(app);
    await writeFile(`${configFile}.new`, text('rtmp://a.example.com/live/one', 'rtmp://c.example.com/live/three'));
    await rename(`${configFile}.new`, configFile);
    const hosts = async () => (await pushesOf(app)).map(({ url }: { url: string }) => new URL(url).host).sort();
    await poll(hosts).toEqual(['a.example.com', 'c.example.com']);
    const stayed = (pushes: { url: string }[]) => pushes.find(({ url }) => url.includes('a.example.com'));
    expect(stayed(await pushesOf(app))).toMatchObject(stayed(before) as object);
  });

  it('is left alone as a whole when it is broken, until it is mended', async () => {
    await writeFile(configFile, text('rtmp://a.example.com/live/one'));
    await using app = await TestApp.start({ configFile });
    await writeFile(configFile, `${text('rtmp://a.example.com/live/one retry_limit=9')} stream {`);
    await app.app.scheduler.reloadConfig();
    expect(await pushesOf(app)).toMatchObject([{ retry_limit: null }]);
    await writeFile(configFile, text('rtmp://a.example.com/live/one retry_limit=9'));
    await app.app.scheduler.reloadConfig();
    await poll(() => pushesOf(app)).toMatchObject([{ retry_limit: 9 }]);
  });

  it('is shown beside what runs, with its errors and without its secrets', async () => {
    const one = 'rtmp://a.example.com/live/a-secret-key-one1';
    await writeFile(configFile, text(one));
    await using app = await TestApp.start({ configFile });
    const state = async () => (await app.call('GET', '/api/v1/config/state')).body;
    await poll(state).toMatchObject({ source: 'file', file: configFile, in_sync: true, differences: [] });
    const masked = 'rtmp://a.example.com/live/***one1';
    expect((await state()).text).toBe(text(masked));
    const [push] = await pushesOf(app);
    const detail = async (id: string) => (await app.call('GET', `/api/v1/pushes/${id}`)).body;
    expect(await detail(push.id)).toMatchObject({
      config: { line: `push ${masked};`, place: { file: configFile, line: 1 } },
      job: { queue: 'push-default', id: `push-${push.id}` },
    });

    await writeFile(configFile, `${text(`${one} retry_limt=9`)}\nstream {`);
    await app.app.scheduler.reloadConfig();
    const broken = await state();
    expect(broken).toMatchObject({ in_sync: false, differences: [] });
    const [first] = broken.diagnostics.filter(({ line }: { line: number }) => line === 1);
    expect(broken.text.split('\n')[0].slice(first.column - 1)).toMatch(/^retry_limt/);
    expect(JSON.stringify(broken)).not.toContain('a-secret-key');
    const { fleet } = (await app.call('GET', '/api/v1/live')).body;
    expect(fleet.config).toMatchObject({ source: 'file', errors: expect.any(Number) });
  });

  it('is shown with what it would change where another scheduler leads, by a file of its own', async () => {
    const one = 'rtmp://a.example.com/live/a-secret-key-one1';
    await writeFile(configFile, text(one, 'rtmp://c.example.com/live/three'));
    const prefix = `test-two-files-${process.pid}-${Date.now()}`;
    await using leader = await TestApp.start({ configFile, prefix });
    await poll(() => pushesOf(leader)).toHaveLength(2);
    const otherFile = join(folder, 'other.conf');
    await writeFile(otherFile, text(`${one} retry_limit=9`, 'rtmp://b.example.com/live/two'));
    const other = await TestApp.start({ configFile: otherFile, prefix });
    const { body } = await other.call('GET', '/api/v1/config/state');
    await other.app.close();
    other.redis.disconnect();
    const masked = 'rtmp://a.example.com/live/***one1';
    expect(body.in_sync).toBe(false);
    expect(body.differences).toEqual([
      expect.objectContaining({
        change: 'changed',
        object: 'push',
        stream: 'bunny',
        push: expect.any(String),
        running: `push ${masked};`,
        file: `push ${masked} retry_limit=9;`,
      }),
      expect.objectContaining({ change: 'added', running: null, file: expect.stringContaining('b.example.com') }),
      expect.objectContaining({ change: 'removed', running: expect.stringContaining('c.example.com'), file: null }),
    ]);
  });

  it('keeps a pause through reload and restart', async () => {
    await writeFile(configFile, text('rtmp://a.example.com/live/one'));
    const prefix = `test-pause-${process.pid}-${Date.now()}`;
    const first = await TestApp.start({ configFile, prefix });
    const [push] = await pushesOf(first);
    await first.call('POST', `/api/v1/pushes/${push.id}/pause`);
    await first.app.close();
    first.redis.disconnect();
    await writeFile(configFile, text('rtmp://a.example.com/live/one retry_limit=9'));
    await using second = await TestApp.start({ configFile, prefix });
    await poll(() => pushesOf(second)).toMatchObject([
      { id: push.id, retry_limit: 9, status: 'disabled', paused: { by: 'api' } },
    ]);
  });

  it('refuses the start with line, column and hint when it is broken or missing', async () => {
    await expect(TestApp.start({ configFile })).rejects.toThrow(
      /fleet\.conf: the config file cannot be read \(ENOENT\)/,
    );
    await writeFile(configFile, 'stream bunny {\n  psuh rtmp://user:secret-word@a/b/c;\n  push nothing;\n}\n');
    const error = await TestApp.start({ configFile }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigFileError);
    expect((error as Error).message).toMatch(/fleet\.conf:3:8: error: /);
    expect((error as Error).message).not.toContain('secret-word');
  });
});
