import { accessSync, constants } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { WORKER_ALLOCATOR, workerNodeOptions } from '@pushfleet/contract/worker-process';

/**
 * Starts this very process again with the options of Node that a worker needs to stay small, unless it has them: the id of the process and its
 * standard streams stay. Where that is impossible, as with a channel to a parent, which would be lost, V8 takes what it takes of them at run time.
 */
export function restartLean(): void {
  const missing = workerNodeOptions(...process.execArgv, process.env.NODE_OPTIONS);
  if (missing.length === 0) return;
  if (canStartAgain()) {
    const command = [process.execPath, ...missing, ...process.execArgv, ...process.argv.slice(1)];
    process.execve?.(process.execPath, command, { ...WORKER_ALLOCATOR, ...process.env });
  }
  for (const option of missing) setFlagsFromString(option);
}

/** To be known before, since Node aborts the process when the system refuses. */
function canStartAgain(): boolean {
  if (process.channel !== undefined || process.platform === 'win32' || process.permission !== undefined) return false;
  try {
    accessSync(process.execPath, constants.X_OK);
    return true;
  } catch {
    return false; // the binary has been replaced since
  }
}
