import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

// Children that do not outlive us. Node cannot clean up after a SIGKILL, so a shell does it that waits for the end of our pipe.

/**
 * Starts a process as leader of a group of its own (so that Ctrl-C in a terminal reaches only us, and we decide the order of the
 * shutdown). However this process dies, the group then gets SIGTERM and, after 3 s, SIGKILL. POSIX only.
 */
export function spawnOwned(command: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
  const child = spawn(command, args, { ...options, detached: true });
  const group = child.pid;
  if (group !== undefined) {
    const orders = reaper();
    orders.write(`adopt ${group}\n`);
    child.once('exit', () => orders.write(`release ${group}\n`));
  }
  return child;
}

let orders: Writable | undefined;

/** The reaper's standard input; one reaper serves the whole process and keeps neither it nor its event loop alive. */
function reaper(): Writable {
  if (orders === undefined) {
    const shell = spawn('/bin/sh', [fileURLToPath(new URL('./reaper.sh', import.meta.url))], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    shell.unref();
    shell.on('error', () => {}); // no shell on this host
    shell.stdin.on('error', () => {}); // somebody killed the reaper: the children just lose their insurance
    (shell.stdin as Writable & { unref(): void }).unref();
    orders = shell.stdin;
  }
  return orders;
}
