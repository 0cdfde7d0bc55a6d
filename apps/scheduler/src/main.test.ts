import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectRedis } from '@pushfleet/contract';
import { afterAll, afterEach, describe, expect, inject, it } from 'vitest';

const entry = fileURLToPath(new URL('./main.ts', import.meta.url));
const prefix = `test-${randomUUID()}`;
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(async () => {
  const redis = connectRedis(inject('redisUrl'), () => {});
  const left = await redis.keys(`{${prefix}}*`);
  if (left.length > 0) await redis.del(left);
  redis.disconnect();
});

/** The program in a process of its own, as the command line starts it. */
function start(env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [entry], {
    env: {
      PATH: process.env.PATH,
      REDIS_URL: inject('redisUrl'),
      PUSHFLEET_PORT: '0',
      PUSHFLEET_PREFIX: prefix,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  children.push(child);
  let output = '';
  for (const stream of [child.stdout!, child.stderr!])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ready = once(child, 'message').then(([message]) => message as { ready: boolean; api: string });
  // Its last words may still be in the pipe when it has ended.
  const heard = [child.stdout!, child.stderr!].map((stream) => once(stream, 'end'));
  const ended = Promise.all([once(child, 'exit'), ...heard]).then(([[code]]) => code as number | null);
  return { child, ready, ended, output: () => output };
}

describe('the scheduler as a program', () => {
  it('says where its API is, and ends cleanly on SIGTERM', async () => {
    const { child, ready, ended, output } = start();
    const { api } = await ready;
    expect(await (await fetch(`${api}/health`)).json()).toMatchObject({ status: 'ok', version: '0.1.0' });
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(output()).toContain(`"msg":"scheduler listens at ${api}"`);
  });

  it('ends when the process that has started it is gone', async () => {
    const { child, ready, ended } = start();
    await ready;
    child.disconnect();
    expect(await ended).toBe(0);
  });

  it('reads its config file again on SIGHUP, and goes on', async () => {
    const file = join(tmpdir(), `${prefix}.conf`);
    await writeFile(file, 'stream one { input publish://; }');
    const { child, ready } = start({ PUSHFLEET_CONFIG: file });
    const { api } = await ready;
    await writeFile(file, 'stream two { input publish://; }');
    child.kill('SIGHUP');
    await expect.poll(async () => (await fetch(`${api}/api/v1/streams/two`)).status).toBe(200);
  });

  it('refuses a wrong environment with exit code 2', async () => {
    const { ended, output } = start({ PUSHFLEET_HOST: '0.0.0.0' });
    expect(await ended).toBe(2);
    expect(output()).toContain('PUSHFLEET_TOKEN');
  });

  it('refuses a broken config file with exit code 2 and the place of each mistake', async () => {
    const file = join(tmpdir(), `${prefix}-broken.conf`);
    await writeFile(file, 'stream one {\n  push nothing;\n}\n');
    const { ended, output } = start({ PUSHFLEET_CONFIG: file });
    expect(await ended).toBe(2);
    expect(output()).toContain(`${file}:2:8: error: `);
  });

  it('says which variable to change when its port is taken', async () => {
    const { api } = await start().ready;
    const { ended, output } = start({ PUSHFLEET_PORT: new URL(api).port });
    expect(await ended).toBe(1);
    expect(output()).toContain('PUSHFLEET_PORT');
  });
});
