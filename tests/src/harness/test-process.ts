import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { spawnOwned } from '@pushfleet/cli/owned-process';
import { inject } from 'vitest';
import { groupMembers } from './process-table.ts';
import { until } from './until.ts';

export interface ExitStatus {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** How long a process may take to end after SIGTERM before it counts as hanging. */
const STOP_TIMEOUT_MS = 30_000;

let processCount = 0;

/**
 * A process under test or a tool beside it. Its lines are kept in memory and in a file of the run's log folder, and it does not
 * outlive the test file.
 */
export class TestProcess {
  readonly name: string;
  /** Everything it printed on stdout and stderr, line by line. */
  readonly lines: string[] = [];
  readonly logFile: string;
  readonly exited: Promise<ExitStatus>;
  readonly #child: ChildProcess;

  constructor(name: string, command: string, args: readonly string[], options: SpawnOptions = {}) {
    this.name = name;
    this.logFile = join(
      inject('logDirectory'),
      `${process.pid}-${++processCount}-${name.replace(/[^\w.-]/g, '_')}.log`,
    );
    this.#child = spawnOwned(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const log = createWriteStream(this.logFile);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      createInterface({ input: stream! }).on('line', (line) => {
        this.lines.push(line);
        log.write(`${line}\n`);
      });
    }
    this.exited = new Promise((resolve) => {
      this.#child.once('error', (error) => this.lines.push(String(error)));
      this.#child.once('close', (code, signal) => {
        log.end();
        resolve({ code, signal });
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get output(): string {
    return this.lines.join('\n');
  }

  /** The first line, of those printed already and those to come, that matches. */
  waitForLog(pattern: string | RegExp, timeoutMs = 60_000): Promise<string> {
    const matches = (line: string) => (typeof pattern === 'string' ? line.includes(pattern) : pattern.test(line));
    const ending = () => `\n${this.lines.slice(-15).join('\n')}\n(all of it: ${this.logFile})`;
    return until(
      () => {
        const line = this.lines.find(matches);
        if (line === undefined && !this.isRunning) throw new Error('it has ended');
        return line;
      },
      { what: () => `${this.name} to print ${pattern}; its last lines:${ending()}`, timeoutMs, everyMs: 20 },
    );
  }

  /** Sends a signal to the process alone: SIGTERM, SIGKILL, SIGSTOP, SIGCONT ... */
  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Sends a signal to the process and all that it started: a host that loses power. */
  killGroup(signal: NodeJS.Signals): void {
    if (this.isRunning) process.kill(-this.pid, signal);
  }

  /** Asks it to end and waits; fails when it hangs or leaves processes behind. Fine to call again. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<ExitStatus> {
    this.kill(signal);
    this.kill('SIGCONT');
    const status = await Promise.race([this.exited, sleep(STOP_TIMEOUT_MS, undefined, { ref: false })]);
    if (status === undefined) {
      this.killGroup('SIGKILL');
      throw new Error(`${this.name} did not end within ${STOP_TIMEOUT_MS} ms of ${signal}; its lines: ${this.logFile}`);
    }
    const leftovers = groupMembers(this.pid);
    if (leftovers.length > 0) {
      process.kill(-this.pid, 'SIGKILL');
      throw new Error(`${this.name} left processes behind: ${leftovers.join(', ')}`);
    }
    return status;
  }
}
