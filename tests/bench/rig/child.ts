import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { spawnOwned } from '@pushfleet/cli/owned-process';
import { until } from '../../src/harness/until.ts';

/** A program that takes part in a measurement; it does not outlive this process. */
export class Child {
  readonly #name: string;
  readonly #process: ChildProcess;
  /** The last of what it printed, on stdout and stderr. */
  readonly #lines: string[] = [];
  /** It has ended, and everything that it printed is here. */
  #isSilent = false;

  constructor(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    this.#name = command;
    this.#process = spawnOwned(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process.once('error', (error) => this.#lines.push(String(error)));
    this.#process.once('close', () => {
      this.#isSilent = true;
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      createInterface({ input: stream! }).on('line', (line) => {
        this.#lines.push(line);
        if (this.#lines.length > 100) this.#lines.shift();
      });
    }
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Resolves with the first line that begins like this. Rejects when the program ends without it. */
  async line(start: string, timeoutMs = 60_000): Promise<string> {
    const find = () => this.#lines.find((candidate) => candidate.startsWith(start));
    const what = () => `${this.#name} to print ${start}; ${this.#lastLines}`;
    await until(() => find() !== undefined || this.#isSilent, { what, timeoutMs, everyMs: 20 });
    const line = find();
    if (line === undefined) this.assertRunning();
    return line!;
  }

  assertRunning(): void {
    if (!this.#hasEnded) return;
    const { exitCode, signalCode } = this.#process;
    throw new Error(`${this.#name} has ended (${signalCode ?? `exit code ${exitCode}`}); ${this.#lastLines}`);
  }

  /** Ends it and everything that it started: nobody needs what they hold. */
  async stop(): Promise<void> {
    if (this.#hasEnded) return;
    const ended = once(this.#process, 'exit');
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch {
      // it ends by itself right now
    }
    await ended;
  }

  get #hasEnded(): boolean {
    return this.#process.pid === undefined || this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  get #lastLines(): string {
    return `its last lines:\n${this.#lines.slice(-10).join('\n')}`;
  }
}
