import { join } from 'node:path';
import { request } from 'undici';
import { cleanEnvironment, PINNED_NODE, REPOSITORY } from './fleet.ts';
import { freePort } from './ports.ts';
import { descendants, isRunning } from './process-table.ts';
import { type ExitStatus, TestProcess } from './test-process.ts';
import { until } from './until.ts';

const MAIN = join(REPOSITORY, 'apps', 'cli', 'src', 'main.ts');
const START_TIMEOUT_MS = 60_000;

/** `pushfleet worker --processes N`: workers NAME-1, NAME-2 ... behind one RTMP and one HTTP port. */
export class WorkerGroupProcess extends TestProcess {
  /** PUSHFLEET_WORKER_ID of the group. */
  readonly id: string;
  readonly processes: number;
  /** The shared ports, without a path. */
  readonly rtmpUrl: string;
  readonly httpUrl: string;

  constructor(id: string, processes: number, env: Record<string, string>) {
    const words = [MAIN, 'worker', '--processes', `${processes}`];
    super(id, PINNED_NODE, words, { env: cleanEnvironment(env) });
    this.id = id;
    this.processes = processes;
    this.rtmpUrl = `rtmp://127.0.0.1:${env.PUSHFLEET_RTMP_PORT}`;
    this.httpUrl = `http://127.0.0.1:${env.PUSHFLEET_HTTP_PORT}`;
  }

  /** What the youngest process of this number (from 1) has logged at its start. */
  started(process: number): { readonly pid: number; readonly rtmp: string; readonly http: string } | undefined {
    const line = this.lines.findLast(
      (candidate) => candidate.includes('"worker_started"') && candidate.includes(`"worker":"${this.id}-${process}"`),
    );
    return line === undefined ? undefined : JSON.parse(line);
  }

  pidOf(process: number): number {
    return this.started(process)!.pid;
  }

  /** Everything that runs below it. */
  get family(): number[] {
    return descendants(this.pid);
  }

  override async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<ExitStatus> {
    const family = this.family;
    const status = await super.stop(signal);
    await untilGone(family);
    return status;
  }
}

export function untilGone(family: readonly number[], timeoutMs = 60_000): Promise<unknown> {
  const left = () => family.filter(isRunning);
  return until(() => left().length === 0, { what: () => `these processes to end: ${left()}`, timeoutMs });
}

/** Resolves when every process serves. `env` needs REDIS_URL. */
export async function startWorkerGroup(
  env: Readonly<Record<string, string>>,
  { id = 'group', processes = 2 } = {},
): Promise<WorkerGroupProcess> {
  const group = new WorkerGroupProcess(id, processes, {
    PUSHFLEET_WORKER_ID: id,
    PUSHFLEET_RTMP_PORT: `${await freePort()}`,
    PUSHFLEET_HTTP_PORT: `${await freePort()}`,
    PUSHFLEET_PROCESS_PORTS: '0',
    PUSHFLEET_BIND: '127.0.0.1',
    PUSHFLEET_ADVERTISE: '127.0.0.1',
    PUSHFLEET_ALLOW_TARGETS: '127.0.0.0/8',
    PUSHFLEET_MAX_CPU: 'off',
    PUSHFLEET_MAX_LOOP_DELAY: 'off',
    LOG_LEVEL: 'debug',
    ...env,
  });
  await untilServing(group);
  return group;
}

/** Every process of the group answers at its own port. */
export async function untilServing(group: WorkerGroupProcess): Promise<void> {
  const numbers = Array.from({ length: group.processes }, (_, index) => index + 1);
  const isReady = async (process: number) => {
    const answer = await request(`http://${group.started(process)!.http}/ready`);
    await answer.body.dump();
    return answer.statusCode === 200;
  };
  await until(
    async () => {
      if (!group.isRunning) throw new Error('it has ended');
      return (await Promise.all(numbers.map(isReady))).every(Boolean);
    },
    {
      what: () => `all of ${group.id} to serve; last lines:\n${group.lines.slice(-15).join('\n')}`,
      timeoutMs: START_TIMEOUT_MS,
    },
  );
}
