import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CliError } from '../cli-error.ts';
import { restartPauseMs } from './child.ts';
import { Children } from './children.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pushfleet-children-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A program for a child; `ready` is what ours send when they listen. */
async function entry(name: string, code: string): Promise<string> {
  const file = join(folder, `${name}.mjs`);
  await writeFile(file, `const ready = () => process.send({ ready: true, pid: process.pid });\n${code}`);
  return pathToFileURL(file).href;
}

/** Children with everything that they say. */
function start() {
  const messages: { pid: number }[] = [];
  const notices: string[] = [];
  const logs: string[] = [];
  const [stop, kill] = [new AbortController(), new AbortController()];
  const children = new Children({
    onMessage: (_child, message) => messages.push(message as { pid: number }),
    onNotice: (text) => notices.push(text),
    onComplaint: (text) => notices.push(text),
    onLog: (_child, line) => logs.push(line),
  });
  const run = () => children.runUntilStopped({ stop: stop.signal, kill: kill.signal }, () => {});
  return { children, run, stop, kill, messages, notices, logs };
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('Children', () => {
  it('stops them with SIGTERM and waits until they have drained', async () => {
    const it = start();
    const code =
      "process.on('SIGTERM', () => setTimeout(() => { console.log('drained'); process.exit(0); }, 50)); ready();";
    it.children.start({
      name: 'worker-1',
      entry: await entry('drains', `${code} setInterval(() => {}, 1000);`),
      env: {},
    });
    const end = it.run();
    await vi.waitFor(() => expect(it.messages).toHaveLength(1));
    it.stop.abort();
    await end;
    expect(it.logs).toEqual(['drained']);
    expect(isAlive(it.messages[0]!.pid)).toBe(false);
  });

  it('starts a crashed one again and shows its last words', async () => {
    const it = start();
    const code = "process.on('SIGUSR2', () => { throw new Error('boom'); }); setInterval(() => {}, 1000); ready();";
    it.children.start({ name: 'worker-1', entry: await entry('crashes', code), env: {} });
    const end = it.run();
    await vi.waitFor(() => expect(it.messages).toHaveLength(1));
    process.kill(it.messages[0]!.pid, 'SIGUSR2');
    await vi.waitFor(() => expect(it.messages).toHaveLength(2));
    expect(it.notices.join('\n')).toContain('worker-1: Error: boom');
    expect(it.notices.at(-1)).toBe('worker-1 ended with exit code 1; starting it again in 0.5 s.');
    it.stop.abort();
    await end;
    expect(it.messages.map(({ pid }) => isAlive(pid))).toEqual([false, false]);
  });

  it('gives up when one cannot start, and stops the others', async () => {
    const it = start();
    const lives = await entry('lives', 'ready(); setInterval(() => {}, 1000);');
    const fails = await entry('fails', "console.error('PUSHFLEET_PORT must be a number'); process.exit(2);");
    it.children.start({ name: 'scheduler', entry: fails, env: {} });
    it.children.start({ name: 'worker-1', entry: lives, env: {} });
    const failure = await it.run().catch((error: unknown) => error);
    expect(failure).toMatchObject({ exit: 'usage', message: 'scheduler cannot start.' });
    expect(it.notices).toContain('scheduler: PUSHFLEET_PORT must be a number');
    for (const { pid } of it.messages) expect(isAlive(pid)).toBe(false);
  });

  it('kills at once what does not want to end when the user insists', async () => {
    const it = start();
    const code = "process.on('SIGTERM', () => {}); ready(); setInterval(() => {}, 1000);";
    it.children.start({ name: 'worker-1', entry: await entry('stubborn', code), env: {} });
    const end = it.run().catch((error: unknown) => error);
    await vi.waitFor(() => expect(it.messages).toHaveLength(1));
    it.stop.abort();
    it.kill.abort();
    const failure = await end;
    expect(failure).toBeInstanceOf(CliError);
    expect((failure as CliError).message).toBe('1 process killed as you insisted: worker-1.');
    expect(isAlive(it.messages[0]!.pid)).toBe(false);
  });

  it('passes warnings of a log on and keeps the rest for the log file', async () => {
    const it = start();
    const lines = [
      { level: 'info', msg: 'listening', port: 1 },
      { level: 'warn', msg: 'Redis is away', err: { message: 'ECONNREFUSED' }, attempt: 3 },
    ];
    const code = `${lines.map((line) => `console.log('${JSON.stringify(line)}');`).join('')} ready(); setInterval(() => {}, 1000);`;
    it.children.start({ name: 'scheduler', entry: await entry('logs', code), env: {} });
    const end = it.run();
    await vi.waitFor(() => expect(it.logs).toHaveLength(2));
    it.stop.abort();
    await end;
    expect(it.notices).toEqual(['scheduler: Redis is away ECONNREFUSED attempt=3']);
  });
});

describe('restartPauseMs', () => {
  it('grows with every crash in a row, up to half a minute', () => {
    expect([1, 2, 3, 6, 7, 50].map(restartPauseMs)).toEqual([500, 1000, 2000, 16_000, 30_000, 30_000]);
  });
});
