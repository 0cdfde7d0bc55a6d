import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnOwned } from '@pushfleet/cli/owned-process';
import { startPrivateRedis } from '@pushfleet/cli/private-redis';
import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { isRunning } from '../harness/process-table.ts';
import { until } from '../harness/until.ts';

/** Runs TypeScript of the CLI in a process of its own, which prints `ready PID` and then waits. */
async function inOtherProcess(code: string): Promise<{ owner: ReturnType<typeof spawnOwned>; pid: number }> {
  const owner = spawnOwned(
    process.execPath,
    ['--input-type=module', '--eval', `${code}; setInterval(() => {}, 1000);`],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      cwd: import.meta.dirname,
    },
  );
  const [line] = (await once(owner.stdout!, 'data')) as [Buffer];
  return { owner, pid: Number(/^ready (\d+)/.exec(line.toString())?.[1]) };
}

describe('a private Redis', () => {
  it('listens on a loopback port of its own, asks for a password, and never drops keys', async () => {
    const server = await startPrivateRedis();
    const client = new Redis(server.url);
    expect(server.port).not.toBe(6379);
    expect(await client.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction']);
    expect(await client.config('GET', 'bind')).toEqual(['bind', '127.0.0.1']);
    const stranger = new Redis(server.port, { lazyConnect: true, retryStrategy: () => null });
    stranger.on('error', () => {});
    await expect(stranger.get('key')).rejects.toThrow(/NOAUTH/);
    stranger.disconnect();
    client.disconnect();
    await server.stop();
    expect(isRunning(server.process.pid!)).toBe(false);
  });

  it('keeps its data over a restart only when it has a folder for them', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'pushfleet-redis-'));
    for (const options of [{ dataDir }, {}]) {
      const first = await startPrivateRedis(options);
      const client = new Redis(first.url);
      await client.set('key', 'value');
      client.disconnect();
      await first.stop();
      const second = await startPrivateRedis(options);
      const again = new Redis(second.url);
      expect(await again.get('key')).toBe(options.dataDir === undefined ? null : 'value');
      again.disconnect();
      await second.stop();
    }
    await rm(dataDir, { recursive: true });
  });

  it('is gone after its owner got kill -9, even when it was frozen', async () => {
    const { owner, pid } = await inOtherProcess(
      `const { startPrivateRedis } = await import('@pushfleet/cli/private-redis');
       console.log('ready', (await startPrivateRedis()).process.pid)`,
    );
    expect(isRunning(pid)).toBe(true);
    process.kill(pid, 'SIGSTOP');
    owner.kill('SIGKILL');
    await until(() => !isRunning(pid), { what: `the end of Redis ${pid}` });
  });
});

describe('an owned process', () => {
  it('loses its whole group after its owner got kill -9, even when it ignores SIGTERM', async () => {
    const { owner, pid } = await inOtherProcess(
      `const { spawnOwned } = await import('@pushfleet/cli/owned-process');
       const shell = spawnOwned('sh', ['-c', 'trap "" TERM; sleep 300 & echo $!; wait'], { stdio: ['ignore', 'pipe', 'inherit'] });
       shell.stdout.once('data', (pid) => console.log('ready', pid.toString()))`,
    );
    expect(isRunning(pid)).toBe(true);
    owner.kill('SIGKILL');
    await until(() => !isRunning(pid), { what: `the end of ${pid}` });
  });
});
