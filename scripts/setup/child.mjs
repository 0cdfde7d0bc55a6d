// Child processes that end with us: on a signal, when npm dies above us, and when we get kill -9 ourselves.
import { spawn } from 'node:child_process';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { SetupError, say } from './report.mjs';

/** Longer than `pushfleet up` gives its own children. */
const GRACE_MS = 20_000;
/** npm passes on a Ctrl-C that the terminal has sent us already: what comes so soon is the same one. */
const SAME_SIGNAL_MS = 500;

/** Aborted once, when this command has to stop. */
const stop = new AbortController();
/** The signal that asked us to stop, if any. */
export const stopSignal = () => stop.signal.reason;

const askToStop = (signal) => stop.abort(signal);
let heardAt = Number.NEGATIVE_INFINITY;
/** Those that take signals. */
const running = new Set();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    const isEcho = performance.now() - heardAt < SAME_SIGNAL_MS;
    heardAt = performance.now();
    if (isEcho) return;
    if (stop.signal.aborted) for (const child of running) child.kill(signal);
    askToStop(signal);
  });
}

// npm killed with -9 tells nobody: we only get another parent.
const parent = process.ppid;
setInterval(() => process.ppid !== parent && askToStop('SIGTERM'), 250).unref();

/**
 * Runs a program to its end in a process group of its own, so that Ctrl-C reaches it through us and once. Nothing of the group is
 * left afterwards. `output: 'collect'` returns what it prints. `patient` children are never interrupted (a package manager).
 *
 * @returns {Promise<{code: number, output: string}>} exit code as a shell shows it
 */
export async function run(command, args, { cwd, env = process.env, output = 'inherit', patient = false } = {}) {
  if (stop.signal.aborted) throw new SetupError(`Stopped by ${stopSignal()}.`);
  return new Promise((resolve, reject) => {
    const pipe = output === 'collect' ? 'pipe' : 'inherit';
    const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', pipe, pipe] });
    const printed = [];
    child.stdout?.on('data', (bytes) => printed.push(bytes));
    child.stderr?.on('data', (bytes) => printed.push(bytes));

    let impatience;
    const interrupt = () => {
      if (patient) return;
      child.kill(stopSignal() === 'SIGINT' ? 'SIGINT' : 'SIGTERM');
      impatience = setTimeout(() => {
        say(`${command} did not stop within ${GRACE_MS / 1000} s and is killed`);
        killGroup(child.pid);
      }, GRACE_MS);
    };
    const settle = () => {
      clearTimeout(impatience);
      running.delete(child);
      stop.signal.removeEventListener('abort', interrupt);
    };
    child.once('error', (error) => {
      settle();
      reject(error);
    });
    child.once('exit', () => killGroup(child.pid)); // whatever the child forgot
    child.once('close', (code, signal) => {
      settle();
      if (!patient) reaper.release(child.pid);
      resolve({ code: code ?? 128 + os.constants.signals[signal], output: Buffer.concat(printed).toString() });
    });
    if (child.pid === undefined) return;
    if (!patient) {
      reaper.adopt(child.pid);
      running.add(child);
    }
    stop.signal.addEventListener('abort', interrupt);
  });
}

function killGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // nobody left
  }
}

/** Ends the groups that we own when we cannot do it ourselves any more. */
const reaper = {
  order(text) {
    this.shell ??= startReaper();
    this.shell.stdin.write(text);
  },
  adopt(group) {
    this.order(`adopt ${group}\n`);
  },
  release(group) {
    this.order(`release ${group}\n`);
  },
};

function startReaper() {
  const script = fileURLToPath(new URL('../../apps/cli/src/reaper.sh', import.meta.url));
  const shell = spawn('/bin/sh', [script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  shell.stdin.on('error', () => {}); // somebody killed the reaper: the children just lose their insurance
  shell.stdin.unref();
  shell.unref();
  return shell;
}
