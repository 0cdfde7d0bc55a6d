import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkerView } from '@pushfleet/contract';
import { request } from 'undici';
import { Api } from './api.ts';
import { freePort } from './ports.ts';
import { startRedis, type TestRedis } from './redis.ts';
import { TestProcess } from './test-process.ts';
import { until } from './until.ts';

export const REPOSITORY = join(import.meta.dirname, '..', '..', '..');
export const PINNED_NODE = join(REPOSITORY, 'node_modules', '.bin', 'node');
const START_TIMEOUT_MS = 60_000;

type Environment = Readonly<Record<string, string>>;

export class SchedulerProcess extends TestProcess {
  readonly url: string;
  readonly api: Api;

  constructor(name: string, port: number, env: Environment) {
    super(name, PINNED_NODE, [join(REPOSITORY, 'apps', 'scheduler', 'src', 'main.ts')], { env: cleanEnvironment(env) });
    this.url = `http://127.0.0.1:${port}`;
    this.api = new Api(this.url, env.PUSHFLEET_TOKEN);
  }
}

export class WorkerProcess extends TestProcess {
  /** PUSHFLEET_WORKER_ID, the `name` of the worker in the API. */
  readonly id: string;
  /** Without a path: `rtmp://127.0.0.1:PORT` */
  readonly rtmpUrl: string;
  readonly httpUrl: string;

  constructor(id: string, rtmpPort: number, httpPort: number, env: Environment) {
    super(id, PINNED_NODE, [join(REPOSITORY, 'apps', 'worker', 'src', 'main.ts')], { env: cleanEnvironment(env) });
    this.id = id;
    this.rtmpUrl = `rtmp://127.0.0.1:${rtmpPort}`;
    this.httpUrl = `http://127.0.0.1:${httpPort}`;
  }
}

/** Starts a scheduler and resolves when it is ready. `env` needs REDIS_URL; anything else has a default for tests. */
export async function startScheduler(env: Environment, name = 'scheduler'): Promise<SchedulerProcess> {
  const port = await freePort();
  const scheduler = new SchedulerProcess(name, port, {
    PUSHFLEET_HOST: '127.0.0.1',
    PUSHFLEET_PORT: `${port}`,
    ...COMMON,
    ...env,
  });
  await untilReady(scheduler, `${scheduler.url}/ready`);
  return scheduler;
}

/**
 * Starts a worker and resolves when it is ready, or, where it never will be because it is drained, when it lives. `env` needs REDIS_URL; anything
 * else has a default for tests.
 */
export async function startWorker(
  env: Environment,
  id = 'worker',
  sign: '/ready' | '/health' = '/ready',
): Promise<WorkerProcess> {
  const [rtmpPort, httpPort] = [await freePort(), await freePort()];
  const worker = new WorkerProcess(id, rtmpPort, httpPort, {
    PUSHFLEET_WORKER_ID: id,
    PUSHFLEET_RTMP_PORT: `${rtmpPort}`,
    PUSHFLEET_HTTP_PORT: `${httpPort}`,
    PUSHFLEET_BIND: '127.0.0.1',
    PUSHFLEET_ADVERTISE: '127.0.0.1',
    PUSHFLEET_ALLOW_TARGETS: '127.0.0.0/8',
    // Tests share their machine with other tests: how busy it is says nothing of the fleet.
    PUSHFLEET_MAX_CPU: 'off',
    PUSHFLEET_MAX_LOOP_DELAY: 'off',
    ...COMMON,
    ...env,
  });
  await untilReady(worker, worker.httpUrl + sign);
  return worker;
}

const COMMON = { LOG_LEVEL: 'debug' };

export interface FleetOptions {
  readonly workers?: number;
  /** Text of the configuration file. */
  readonly config?: string;
  /** For all processes. */
  readonly env?: Environment;
  readonly schedulerEnv?: Environment;
  readonly workerEnv?: Environment;
  /** A Redis that the test started, and stops, itself; else the fleet gets one of its own. */
  readonly redis?: TestRedis;
}

/** A scheduler and some workers around a Redis of their own. */
export class Fleet {
  readonly redis: TestRedis;
  /** In the order of their ids `worker-1`, `worker-2`, ...; those that were killed or stopped stay in the list. */
  readonly workers: WorkerProcess[] = [];
  /** PUSHFLEET_CONFIG of the scheduler. */
  readonly configFile: string;
  readonly #options: FleetOptions;
  readonly #directory: string;
  #scheduler: SchedulerProcess;

  constructor(redis: TestRedis, scheduler: SchedulerProcess, directory: string, options: FleetOptions) {
    this.redis = redis;
    this.#scheduler = scheduler;
    this.configFile = configFileIn(directory);
    this.#directory = directory;
    this.#options = options;
  }

  /** The newest one. */
  get scheduler(): SchedulerProcess {
    return this.#scheduler;
  }

  get api(): Api {
    return this.scheduler.api;
  }

  /** The worker with this id, for instance the `worker` of a push. */
  worker(id: string): WorkerProcess {
    const worker = this.workers.findLast((candidate) => candidate.id === id);
    if (worker === undefined) throw new Error(`no worker ${id} in this fleet`);
    return worker;
  }

  /** Starts one more worker and resolves when the scheduler knows it. */
  async addWorker(env: Environment = {}): Promise<WorkerProcess> {
    return this.#startWorker(`worker-${this.workers.length + 1}`, 'ready', env);
  }

  /** Starts a worker under the name of one that has ended; resolves when the scheduler knows it in this state. */
  restartWorker(id: string, state: 'ready' | 'drained' = 'ready', env: Environment = {}): Promise<WorkerProcess> {
    return this.#startWorker(id, state, env);
  }

  async #startWorker(id: string, state: WorkerView['state'], env: Environment): Promise<WorkerProcess> {
    const { env: common, workerEnv } = this.#options;
    const environment = { REDIS_URL: this.redis.url, ...common, ...workerEnv, ...env };
    const worker = await startWorker(environment, id, state === 'ready' ? '/ready' : '/health');
    this.workers.push(worker);
    await until(async () => (await this.api.workers()).some((known) => known.name === id && known.state === state), {
      what: `the scheduler to list ${id} as ${state}`,
    });
    return worker;
  }

  /** Starts a scheduler in the place of the one that the test has ended, with the same settings and another port. */
  async replaceScheduler(): Promise<SchedulerProcess> {
    this.#scheduler = await startScheduler(schedulerEnvironment(this.redis, this.configFile, this.#options));
    return this.#scheduler;
  }

  /** Writes the configuration file anew; the scheduler has to find out by itself. */
  writeConfig(text: string): Promise<void> {
    return writeFile(this.configFile, text);
  }

  /** Ends every process that still runs; fails when one hangs or leaves something behind. */
  async stop(): Promise<void> {
    const processes = [...this.workers, this.scheduler].filter((process) => process.isRunning);
    const results = await Promise.allSettled(processes.map((process) => process.stop()));
    if (this.#options.redis === undefined) await this.redis.stop();
    await rm(this.#directory, { recursive: true, force: true });
    const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join('; '));
  }
}

export async function startFleet(options: FleetOptions = {}): Promise<Fleet> {
  const directory = await mkdtemp(join(tmpdir(), 'pushfleet-fleet-'));
  await writeFile(configFileIn(directory), options.config ?? '');
  const redis = options.redis ?? (await startRedis());
  const scheduler = await startScheduler(schedulerEnvironment(redis, configFileIn(directory), options));
  const fleet = new Fleet(redis, scheduler, directory, options);
  try {
    for (let count = 0; count < (options.workers ?? 1); count++) await fleet.addWorker();
  } catch (error) {
    await fleet.stop().catch(() => {}); // the first failure is the one to read
    throw error;
  }
  return fleet;
}

const configFileIn = (directory: string) => join(directory, 'pushfleet.conf');

const schedulerEnvironment = (redis: TestRedis, configFile: string, options: FleetOptions): Environment => ({
  REDIS_URL: redis.url,
  PUSHFLEET_ALLOW_TARGETS: '127.0.0.0/8',
  PUSHFLEET_CONFIG: configFile,
  ...options.env,
  ...options.schedulerEnv,
});

/** Each process of ours would strip and compile the same two hundred modules again, for half of the CPU that its start takes. */
const COMPILED = { NODE_COMPILE_CACHE: join(REPOSITORY, '.pushfleet', 'compiled') };

/** Ours without the settings of the person who runs the tests. */
export function cleanEnvironment(env: Environment): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(PUSHFLEET_|REDIS_URL$|LOG_LEVEL$|VITEST|NODE_)/.test(name),
  );
  return { ...Object.fromEntries(own), ...COMPILED, ...env };
}

async function untilReady(process: TestProcess, url: string): Promise<void> {
  const what = () =>
    `${process.name} to be ready; its last lines:\n${process.lines.slice(-15).join('\n')}\n(${process.logFile})`;
  try {
    await until(
      async () => {
        if (!process.isRunning) return true;
        const answer = await request(url);
        await answer.body.dump();
        return answer.statusCode === 200;
      },
      { what, timeoutMs: START_TIMEOUT_MS },
    );
    if (!process.isRunning)
      throw new Error(`${process.name} ended while it started; its last lines: ${process.lines.slice(-15).join('\n')}`);
  } catch (error) {
    process.killGroup('SIGKILL');
    throw error;
  }
}
