import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { spawnOwned } from '@pushfleet/cli/owned-process';
import { type PrivateRedis, startPrivateRedis } from '@pushfleet/cli/private-redis';
import { Redis } from 'ioredis';
import { request } from 'undici';
import { freePort } from '../src/harness/ports.ts';
import { until } from '../src/harness/until.ts';
import { cpuSecondsOf, processTrees } from './measure/process-cost.ts';
import { REPOSITORY } from './paths.ts';

/** What the processes have used and done since they started. */
export interface Reading {
  readonly atMs: number;
  /** Seconds. */
  readonly cpu: { readonly redis: number; readonly scheduler: number; readonly workers: number };
  /** Calls by command; those that scripts make are counted too. */
  readonly commands: ReadonlyMap<string, number>;
  /** The sum of them. */
  readonly calls: number;
  readonly redisBytes: number;
  readonly reconcile: { readonly rounds: number; readonly seconds: number };
}

/** Seconds between two readings. */
export const elapsedS = (before: Reading, after: Reading): number => (after.atMs - before.atMs) / 1_000;

/** What the processes have used between two readings, in percent of one core. */
export function cpuPercent(before: Reading, after: Reading): Reading['cpu'] {
  const percent = (of: keyof Reading['cpu']) => (100 * (after.cpu[of] - before.cpu[of])) / elapsedS(before, after);
  return { redis: percent('redis'), scheduler: percent('scheduler'), workers: percent('workers') };
}

interface Process {
  readonly child: ChildProcess;
  readonly http: string;
}

interface Worker extends Process {
  readonly rtmpPort: number;
}

/** A scheduler and workers around a Redis of their own, as processes; quiet, and without limits to what a worker takes. */
export class BenchFleet {
  readonly #server: PrivateRedis;
  readonly #redis: Redis;
  #scheduler!: Process;
  readonly #settings: Readonly<Record<string, string>>;
  readonly #processes: number;
  readonly #workers: Worker[] = [];
  #launched = 0;

  private constructor(server: PrivateRedis, settings: Readonly<Record<string, string>>, processes: number) {
    this.#settings = settings;
    this.#processes = processes;
    this.#server = server;
    this.#redis = new Redis(server.url);
  }

  /** `settings`: environment of the workers beyond what each needs. `processes`: of each of them, as with `pushfleet worker --processes`. */
  static async start(
    workers: number,
    settings: Readonly<Record<string, string>> = {},
    processes = 1,
  ): Promise<BenchFleet> {
    const fleet = new BenchFleet(await startPrivateRedis(), settings, processes);
    fleet.#scheduler = await fleet.#launch('scheduler', [mainOf('scheduler')], (http) => ({
      PUSHFLEET_HOST: '127.0.0.1',
      PUSHFLEET_PORT: http,
    }));
    for (let count = 0; count < workers; count++) await fleet.addWorker();
    return fleet;
  }

  /** One more; resolves when it answers. */
  async addWorker(): Promise<void> {
    const rtmpPort = await freePort();
    const isGroup = this.#processes > 1;
    const words = isGroup ? [mainOf('cli'), 'worker', '--processes', `${this.#processes}`] : [mainOf('worker')];
    const worker = await this.#launch('worker', words, (http) => ({
      PUSHFLEET_WORKER_ID: `worker-${++this.#launched}`,
      PUSHFLEET_PROCESS_PORTS: '0',
      PUSHFLEET_HTTP_PORT: http,
      PUSHFLEET_RTMP_PORT: `${rtmpPort}`,
      PUSHFLEET_BIND: '127.0.0.1',
      PUSHFLEET_ADVERTISE: '127.0.0.1',
      PUSHFLEET_CAPACITY: '100000',
      PUSHFLEET_CONNECTS_PER_HOST: 'off',
      PUSHFLEET_MAX_CPU: 'off',
      PUSHFLEET_MAX_LOOP_DELAY: 'off',
      ...this.#settings,
    }));
    this.#workers.push({ ...worker, rtmpPort });
  }

  /** The one that was launched first ends as in a crash. */
  async killOldestWorker(): Promise<void> {
    const { child } = this.#workers.shift()!;
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }

  /** Of the scheduler. */
  get url(): string {
    return this.#scheduler.http;
  }

  get redisUrl(): string {
    return this.#server.url;
  }

  /** Ids of the processes of all workers, with what they have started. */
  get workerProcesses(): number[] {
    return processTrees(this.#workers.map(({ child }) => child.pid!));
  }

  /** Processes of the others, by name. */
  get besideProcesses(): Readonly<Record<string, readonly number[]>> {
    return {
      scheduler: processTrees([this.#scheduler.child.pid!]),
      redis: processTrees([this.#server.process.pid!]),
    };
  }

  /** Where the workers take streams in, in the order of their start. */
  get rtmpPorts(): readonly number[] {
    return this.#workers.map(({ rtmpPort }) => rtmpPort);
  }

  /** Replaces what the fleet shall do by this text of the config language; resolves when the API has answered. */
  async configure(text: string): Promise<void> {
    const { statusCode, body } = await request(`${this.#scheduler.http}/api/v1/config`, {
      method: 'PUT',
      headers: { 'content-type': 'text/plain' },
      body: text,
      bodyTimeout: 0,
      headersTimeout: 0,
    });
    const answer = await body.text();
    if (statusCode !== 200) throw new Error(`the scheduler answers ${statusCode}: ${answer.slice(0, 500)}`);
  }

  /** Pushes that the workers hold in this status. */
  async held(status: string): Promise<number> {
    return (await this.#samples())
      .filter(([sample]) => sample.startsWith('pushfleet_worker_pushes{') && sample.includes(`status="${status}"`))
      .reduce((sum, [, pushes]) => sum + pushes, 0);
  }

  /** Attempts of the living workers so far: all, and those that dialled. */
  async attempts(): Promise<{ all: number; dialled: number }> {
    const samples = await this.#samples();
    const sum = (name: string) =>
      samples.filter(([sample]) => sample === name).reduce((total, [, value]) => total + value, 0);
    const dialled = sum('pushfleet_worker_connects_granted_total');
    return { all: dialled + sum('pushfleet_worker_connects_denied_total'), dialled };
  }

  /** Resolves when exactly so many pushes are in this status. */
  async untilHeld(pushes: number, status: string): Promise<void> {
    const areHeld = async () => (await this.held(status)) === pushes;
    await until(areHeld, { what: `${pushes} pushes to be ${status}`, timeoutMs: 120_000, everyMs: 200 });
  }

  async read(): Promise<Reading> {
    const stats = (await this.#redis.info('commandstats')).matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm);
    const commands = new Map([...stats].map(([, name = '', calls]) => [name, Number(calls)]));
    const memory = await this.#redis.info('memory');
    const scheduler = await metrics(this.#scheduler.http);
    return {
      atMs: performance.now(),
      cpu: {
        redis: cpuSecondsOf(this.besideProcesses.redis!),
        scheduler: cpuSecondsOf(this.besideProcesses.scheduler!),
        workers: cpuSecondsOf(this.workerProcesses),
      },
      commands,
      calls: commands.values().reduce((sum, calls) => sum + calls, 0),
      redisBytes: Number(/^used_memory:(\d+)/m.exec(memory)?.[1]),
      reconcile: {
        rounds: scheduler.get('pushfleet_reconcile_seconds_count') ?? 0,
        seconds: scheduler.get('pushfleet_reconcile_seconds_sum') ?? 0,
      },
    };
  }

  async stop(): Promise<void> {
    for (const { child } of [...this.#workers, this.#scheduler]) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      for (const pid of processTrees([child.pid!])) kill(pid); // nobody needs what they hold
      await once(child, 'exit');
    }
    this.#redis.disconnect();
    await this.#server.stop();
  }

  /** Of the metrics of all workers, with name and labels. */
  async #samples(): Promise<(readonly [sample: string, value: number])[]> {
    const pages = await Promise.all(this.#workers.map(({ http }) => metrics(http)));
    return pages.flatMap((page) => [...page]);
  }

  /** `name`: for people. `words`: of the command line, behind that of Node. */
  async #launch(
    name: string,
    words: readonly string[],
    settings: (httpPort: string) => Record<string, string>,
  ): Promise<Process> {
    const port = `${await freePort()}`;
    const env = {
      PATH: process.env.PATH,
      REDIS_URL: this.#server.url,
      LOG_LEVEL: 'error',
      PUSHFLEET_ALLOW_TARGETS: '127.0.0.0/8',
      ...settings(port),
    };
    const child = spawnOwned(process.execPath, [...words], { env, stdio: ['ignore', 'inherit', 'inherit'] });
    const http = `http://127.0.0.1:${port}`;
    await until(async () => (await metrics(http)).size > 0, { what: `the ${name} to answer`, timeoutMs: 30_000 });
    return { child, http };
  }
}

const mainOf = (app: string): string => join(REPOSITORY, 'apps', app, 'src', 'main.ts');

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended with its parent
  }
}

/** Samples of a page of Prometheus text, by name and labels. */
async function metrics(url: string): Promise<Map<string, number>> {
  const { body } = await request(`${url}/metrics`);
  const lines = (await body.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}
