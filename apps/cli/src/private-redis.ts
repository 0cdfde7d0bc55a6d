import { type ChildProcess, execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { spawnOwned } from './owned-process.ts';

export interface PrivateRedisOptions {
  /** Folder for an append-only file that survives a restart. Without it everything stays in memory. */
  readonly dataDir?: string;
  /** Loopback port; any free one when absent. */
  readonly port?: number;
  /** A fresh random one when absent: other users of this host can reach the port too. */
  readonly password?: string;
}

export interface PrivateRedis {
  /** `redis://:PASSWORD@127.0.0.1:PORT` */
  readonly url: string;
  readonly port: number;
  /** The server itself, or the Docker client that stands for it. */
  readonly process: ChildProcess;
  /** Ends the server and resolves when it is gone; its append-only file is complete then. */
  stop(): Promise<void>;
}

interface Server {
  readonly command: string;
  readonly args: readonly string[];
  readonly config: string;
  readonly startTimeoutMs: number;
}

const USUAL_DIRECTORIES = ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/opt/homebrew/bin'];
const DOCKER_IMAGE = 'redis:8-alpine';
const ATTEMPTS = 5;

/**
 * Starts a Redis of our own on 127.0.0.1, from the redis-server or valkey-server of this host or else with Docker. It dies with
 * this process, however that ends. Rejects with a sentence that says what to install when there is none.
 */
export async function startPrivateRedis(options: PrivateRedisOptions = {}): Promise<PrivateRedis> {
  const password = options.password ?? randomBytes(18).toString('base64url');
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort());
    const server = await chooseServer(port, password, options.dataDir);
    try {
      return await launch(server, port, password);
    } catch (error) {
      // Between finding a free port and binding it somebody else may have taken it.
      if (options.port !== undefined || attempt === ATTEMPTS || !/address already in use/i.test(String(error)))
        throw error;
    }
  }
}

/** Path of a Redis or Valkey server on this host. */
export function findRedisServer(path = process.env.PATH ?? ''): string | undefined {
  const directories = [...path.split(delimiter).filter(Boolean), ...USUAL_DIRECTORIES];
  const candidates = directories.flatMap((directory) =>
    ['redis-server', 'valkey-server'].map((name) => join(directory, name)),
  );
  return candidates.find(isExecutable);
}

async function chooseServer(port: number, password: string, dataDir: string | undefined): Promise<Server> {
  const command = findRedisServer();
  if (command !== undefined) {
    const config = redisConfig({
      port,
      address: '127.0.0.1',
      password,
      directory: dataDir ?? tmpdir(),
      persist: dataDir !== undefined,
    });
    return { command, args: ['-'], config, startTimeoutMs: 10_000 };
  }
  if (await dockerRuns()) {
    const volume = dataDir === undefined ? [] : ['--volume', `${dataDir}:/data`];
    const publish = ['--publish', `127.0.0.1:${port}:6379`];
    const args = ['run', '--rm', '--interactive', ...publish, ...volume, DOCKER_IMAGE, 'redis-server', '-'];
    const config = redisConfig({
      port: 6379,
      address: '0.0.0.0',
      password,
      directory: '/data',
      persist: dataDir !== undefined,
    });
    return { command: 'docker', args, config, startTimeoutMs: 120_000 }; // the image may have to be pulled
  }
  throw new Error(
    'No Redis on this host: set REDIS_URL, or install redis-server or valkey-server (apt-get install redis-server, brew install redis), or start Docker.',
  );
}

interface RedisSettings {
  readonly port: number;
  readonly address: string;
  readonly password: string;
  readonly directory: string;
  readonly persist: boolean;
}

/** Goes to standard input, where the password is not shown by `ps`. */
function redisConfig({ port, address, password, directory, persist }: RedisSettings): string {
  return [
    `port ${port}`,
    `bind ${address}`,
    `requirepass ${password}`,
    `dir ${JSON.stringify(directory)}`,
    'save ""',
    `appendonly ${persist ? 'yes' : 'no'}`,
    'maxmemory-policy noeviction', // the queue must fail loudly, never lose jobs
    '',
  ].join('\n');
}

async function launch(server: Server, port: number, password: string): Promise<PrivateRedis> {
  const child = spawnOwned(server.command, server.args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  const collect = (text: Buffer) => {
    output = (output + text).slice(-2000);
  };
  child.stdout?.on('data', collect);
  child.stderr?.on('data', collect);
  child.stdin?.on('error', () => {}); // it died before it read its settings: told by its exit
  child.stdin?.end(server.config);
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', (error) => {
      output += error.message;
      resolve();
    });
  });
  const stop = async () => {
    child.ref(); // we wait for it now
    child.kill('SIGTERM');
    child.kill('SIGCONT');
    await gone;
  };

  const deadline = Date.now() + server.startTimeoutMs;
  while (!(await answersPing(port, password))) {
    const alive = child.pid !== undefined && child.exitCode === null && child.signalCode === null;
    if (alive && Date.now() < deadline) {
      await Promise.race([gone, sleep(20)]);
      continue;
    }
    await stop();
    throw new Error(`${server.command} did not start: ${output.trim().split('\n').slice(-3).join(' / ')}`);
  }
  unref(child); // a Redis that nobody uses any more keeps no process alive
  return { url: `redis://:${password}@127.0.0.1:${port}`, port, process: child, stop };
}

function unref(child: ChildProcess): void {
  child.unref();
  for (const stream of [child.stdout, child.stderr]) (stream as Socket | null)?.unref();
}

function answersPing(port: number, password: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`AUTH ${password}\r\nPING\r\n`));
    const settle = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    let reply = '';
    socket.setTimeout(500, () => settle(false));
    socket.on('error', () => settle(false));
    socket.on('close', () => settle(false));
    socket.on('data', (bytes) => {
      reply += bytes.toString('latin1');
      if (reply.includes('+PONG')) settle(true);
      else if (reply.includes('\r\n-')) settle(false); // e.g. -LOADING
    });
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('A TCP server has no port.');
  return address.port;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const dockerRuns = () =>
  promisify(execFile)('docker', ['info'], { timeout: 10_000 }).then(
    () => true,
    () => false,
  );
