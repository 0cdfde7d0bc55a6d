import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { settingsFor } from '../settings.ts';
import { Children } from '../up/children.ts';
import { oneOfWorkers } from '../up/environment.ts';
import { parseAtLeastOne } from './operator.ts';

export function addWorker(program: Command, context: Context): void {
  program
    .command('worker')
    .description('run a worker, which holds pushes and takes streams in; needs REDIS_URL')
    .option(
      '--processes <n>',
      'number of workers; the first takes the ports, the others any free ones',
      parseAtLeastOne,
      1,
    )
    .action(async ({ processes }: { processes: number }) => {
      // The entry is a program of its own: it reads the environment, and drains on SIGTERM.
      if (processes === 1) await import('@pushfleet/worker/main');
      else await runWorkers(processes, context);
    });
}

async function runWorkers(processes: number, context: Context): Promise<void> {
  settingsFor('worker', context); // said once, instead of by every worker
  const { env, stdout, stderr, interrupts } = context;
  const notice = (text: string): void => void stderr.write(`${text}\n`);
  const children = new Children({
    onMessage: () => {},
    onNotice: notice,
    onLog: (_child, line) => stdout.write(`${line}\n`),
  });
  const entry = import.meta.resolve('@pushfleet/worker/main');
  for (let i = 0; i < processes; i++) {
    children.start({ name: `worker-${i + 1}`, entry, env: oneOfWorkers(env, i, processes) });
  }
  await children.runUntilStopped(interrupts(), () => notice('Stopping. The workers drain.'));
}
