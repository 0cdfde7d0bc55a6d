import type { Command } from 'commander';

export function addScheduler(program: Command): void {
  program
    .command('scheduler')
    .description('run a scheduler: API, dashboard and reconciler; needs REDIS_URL')
    .action(async () => {
      // The entry is a program of its own: it reads the environment, and ends on SIGTERM.
      await import('@pushfleet/scheduler/main');
    });
}
