import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findRedisServer } from '@pushfleet/cli/private-redis';
import { Redis } from 'ioredis';
import { freePort } from './ports.ts';
import { TestProcess } from './test-process.ts';
import { until } from './until.ts';

export const REDIS_PASSWORD = 'redis-test';

export interface RedisServerOptions {
  readonly name: string;
  /** Address to listen on; the loopback when absent. */
  readonly address?: string;
  /** Any free one when absent. */
  readonly port?: number;
  /** Lines of redis.conf beside port, bind and folder. */
  readonly config?: readonly string[];
  /** In front of the server's own command line, for instance what puts it into another network namespace. */
  readonly wrapper?: readonly string[];
  /** Path of the server's program; the Redis of this host when absent. */
  readonly program?: string;
  readonly sentinel?: boolean;
}

/** One redis-server of its own settings, in a folder of its own. */
export class RedisServer {
  readonly port: number;
  readonly process: TestProcess;
  readonly #directory: string;

  constructor(port: number, process: TestProcess, directory: string) {
    this.port = port;
    this.process = process;
    this.#directory = directory;
  }

  /** A connection to this server alone, to ask it or to tell it something. The caller ends it. */
  connect(password = REDIS_PASSWORD): Redis {
    const redis = new Redis({ port: this.port, password, retryStrategy: () => 50 });
    redis.on('error', () => {}); // tests kill what it is connected to
    return redis;
  }

  /** Ends it in whatever state it is, also one that stands still. */
  async stop(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.process.exited;
    await rm(this.#directory, { recursive: true, force: true });
  }
}

export async function startRedisServer(options: RedisServerOptions): Promise<RedisServer> {
  const { name, address = '127.0.0.1', config = [], wrapper = [], sentinel = false } = options;
  const program = options.program ?? findRedisServer();
  if (program === undefined) throw new Error('no redis-server on this host');
  const port = options.port ?? (await freePort());
  const directory = await mkdtemp(join(tmpdir(), 'pushfleet-redis-'));
  const file = join(directory, 'redis.conf'); // a sentinel writes into its own
  const own = [`port ${port}`, `bind ${address}`, `dir ${directory}`, 'save ""', 'maxmemory-policy noeviction'];
  await writeFile(file, [...(sentinel ? own.slice(0, 3) : own), ...config, ''].join('\n'));
  const [command = program, ...args] = [...wrapper, program, file, ...(sentinel ? ['--sentinel'] : [])];
  const process = new TestProcess(name, command, args);
  await process.waitForLog(sentinel ? /Sentinel ID is/ : /Ready to accept connections/);
  return new RedisServer(port, process, directory);
}

/** The fields that INFO, CLUSTER INFO and their like answer with. */
export function fieldsOf(text: string): ReadonlyMap<string, string> {
  const lines = text.split('\r\n').filter((line) => line.includes(':'));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
}

/** Resolves when the server says so of itself. */
export async function untilItSays(
  server: RedisServer,
  ask: (redis: Redis) => Promise<boolean>,
  what: string,
  password?: string,
): Promise<void> {
  const redis = server.connect(password);
  try {
    await until(() => ask(redis), { what });
  } finally {
    redis.disconnect();
  }
}
