import { availableParallelism } from 'node:os';
import { createLogger, type Environment } from '@pushfleet/config';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { settingsFor } from '../settings.ts';
import { Children } from '../up/children.ts';
import { planProcessPorts } from '../workers/process-ports.ts';
import { WorkerGroup } from '../workers/worker-group.ts';
import { parseAtLeastOne } from './operator.ts';

export function addWorker(program: Command, context: Context): void {
  program
    .command('worker')
    .description('run workers, which hold pushes and take streams in; needs REDIS_URL')
    .option(
      '--processes <n>',
      'number of workers, each a process; they share the RTMP and the HTTP port (default: the number of cores)',
      parseAtLeastOne,
    )
    .action(async ({ processes }: { processes?: number }) => {
      const environment = settingsFor('worker', context);
      const count = processes ?? sensibleProcesses(environment);
      // The entry is a program of its own: it reads the environment, and drains on SIGTERM.
      if (count === 1) await import('@pushfleet/worker/main');
      else await runWorkers(count, environment, context);
    });
}

/** One a core that this process may use. Workers fetch streams from one another by RTMP: without it, only one can serve what is published. */
const sensibleProcesses = ({ rtmpPort }: Environment): number => (rtmpPort === 'off' ? 1 : availableParallelism());

/** What becomes of the processes stands in the same log as what they say. */
async function runWorkers(processes: number, environment: Environment, context: Context): Promise<void> {
  const { env, stdout, interrupts } = context;
  const log = createLogger({ name: 'workers', level: environment.logLevel, destination: stdout });
  const { ports, notice } = await planProcessPorts(environment, processes, Boolean(env.PUSHFLEET_PROCESS_PORTS));
  if (notice !== '') log.warn(notice);
  if (environment.rtmpPort === 'off') {
    log.warn(
      'PUSHFLEET_RTMP_PORT is off: a stream that is published over HTTP reaches only pushes of the process that takes it in',
    );
  }
  const children: Children = new Children({
    onMessage: (child, message) => group.hear(child, message),
    onEnded: (child) => group.ended(child),
    onNotice: (text) => log.warn(text),
    onComplaint: () => {},
    onLog: (_child, line) => stdout.write(`${line}\n`),
  });
  const group = new WorkerGroup({ children, env, environment, name: environment.workerId, ports });
  try {
    log.info({ processes, ...(await group.start()) }, 'workers_started');
    await children.runUntilStopped(interrupts(), () => log.info('workers_stopping'));
  } finally {
    group.close();
  }
}
