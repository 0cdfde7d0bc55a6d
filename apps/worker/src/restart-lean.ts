import { setFlagsFromString } from 'node:v8';
import { WORKER_ALLOCATOR, WORKER_NODE_OPTIONS } from '@pushfleet/contract/worker-process';

/**
 * Starts this very process again with the options of Node that a worker needs to stay small, unless it has them: the id of the process and its
 * standard streams stay. Where that is impossible, as with a channel to a parent, which would be lost, V8 takes what it takes of them at run time.
 */
export function restartLean(): void {
  const given = `${process.execArgv.join(' ')} ${process.env.NODE_OPTIONS ?? ''}`;
  const missing = WORKER_NODE_OPTIONS.filter((option) => !given.includes(option.split('=', 1)[0]!));
  if (missing.length === 0) return;
  if (process.channel === undefined && process.platform !== 'win32') {
    const command = [process.execPath, ...missing, ...process.execArgv, ...process.argv.slice(1)];
    process.execve?.(process.execPath, command, { ...WORKER_ALLOCATOR, ...process.env });
  }
  for (const option of missing) setFlagsFromString(option);
}
