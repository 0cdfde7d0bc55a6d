import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PrivateRedis, startPrivateRedis } from '@pushfleet/cli/private-redis';
import { Redis } from 'ioredis';
import { freePort } from './ports.ts';
import { until } from './until.ts';

/** A Redis for one test file, to be harmed at will. */
export class TestRedis {
  #server: PrivateRedis;
  readonly #options: { port: number; password: string; dataDir?: string };

  constructor(server: PrivateRedis, password: string, dataDir: string | undefined) {
    this.#server = server;
    this.#options = { port: server.port, password, ...(dataDir !== undefined && { dataDir }) };
  }

  /** Stays the same over kills and restarts. */
  get url(): string {
    return this.#server.url;
  }

  get port(): number {
    return this.#server.port;
  }

  get pid(): number {
    return this.#server.process.pid ?? 0;
  }

  /** The process stands still: connections stay open, nothing is answered, new connections are accepted by the kernel. */
  freeze(): void {
    this.#server.process.kill('SIGSTOP');
  }

  thaw(): void {
    this.#server.process.kill('SIGCONT');
  }

  /** Dies as from kill -9; connections are cut, new ones refused. */
  async kill(): Promise<void> {
    this.#server.process.kill('SIGKILL');
    await this.#server.stop();
  }

  /** Starts again on the same port after `kill`: empty, or with its data when it persists and `keepData` does not forbid it. */
  async restart({ keepData = true } = {}): Promise<void> {
    await this.#server.stop();
    const { dataDir } = this.#options;
    if (!keepData && dataDir !== undefined) await rm(join(dataDir, 'appendonlydir'), { recursive: true, force: true });
    this.#server = await startPrivateRedis(this.#options);
  }

  /** Resolves when all that was answered is in the file too, so that `kill` does not lose it: a slow disk may hold it up for a second or two. */
  async persisted(): Promise<void> {
    const client = new Redis(this.url);
    try {
      const isWritten = async () => /^aof_buffer_length:0\r$/m.test(await client.info('persistence'));
      await until(isWritten, { what: 'the append-only file to be written' });
    } finally {
      client.disconnect();
    }
  }

  /** Everything is gone from one moment to the next: FLUSHALL. */
  async flush(): Promise<void> {
    const client = new Redis(this.url);
    try {
      await client.flushall();
    } finally {
      client.disconnect();
    }
  }

  async stop(): Promise<void> {
    await this.#server.stop();
    if (this.#options.dataDir !== undefined) await rm(this.#options.dataDir, { recursive: true, force: true });
  }
}

/** `persist` keeps the data over `kill` and `restart` (append-only file, fsync every second). */
export async function startRedis({ persist = false } = {}): Promise<TestRedis> {
  const dataDir = persist ? await mkdtemp(join(tmpdir(), 'pushfleet-redis-')) : undefined;
  const password = 'test';
  // Not any that the system draws: while it is killed nobody's connect must take the port, or meet itself there.
  const port = await freePort();
  const server = await startPrivateRedis({ password, port, ...(dataDir !== undefined && { dataDir }) });
  return new TestRedis(server, password, dataDir);
}
