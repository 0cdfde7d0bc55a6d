import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { spawnOwned } from '../owned-process.ts';
import type { Variables } from './environment.ts';
import { readLogLine } from './log-line.ts';
import { isReadyMessage } from './ready.ts';

export interface ChildSpec {
  /** For people: `scheduler`, `worker-1`. */
  readonly name: string;
  /** File URL of the entry. */
  readonly entry: string;
  readonly args?: readonly string[];
  /** Options of Node itself. */
  readonly nodeOptions?: readonly string[];
  readonly env: Variables;
}

export interface ChildEvents {
  /** Sent by `process.send` of the child. */
  readonly onMessage: (child: string, message: unknown) => void;
  /** It has ended, whatever becomes of it. */
  readonly onEnded?: (child: string) => void;
  /** A line of its log, whole. */
  readonly onLog: (child: string, line: string) => void;
  /** What became of it, as a sentence. */
  readonly onNotice: (text: string) => void;
  /** Warnings and last words of its own, which are in its log as well. */
  readonly onComplaint: (text: string) => void;
  /** It ended before it was ever ready: starting it again would not help. `exitCode` is null after a signal. */
  readonly onFailedStart: (child: string, exitCode: number | null) => void;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** A child that lived so long is healthy: the next crash starts with a short pause again. */
const HEALTHY_MS = 60_000;
/** A child that lived so long has started, even if it never said so. */
const STARTED_MS = 20_000;
/** Lines that are not the logger's, such as a stack trace, shown when the child crashes. */
const LAST_WORDS = 12;

/** Pause before a child that has crashed `crashes` times in a row is started again. */
export function restartPauseMs(crashes: number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (crashes - 1));
}

/** A child process that is started again when it crashes, until it is stopped. */
export class Child {
  readonly name: string;
  readonly #spec: ChildSpec;
  readonly #events: ChildEvents;
  #process: ChildProcess | undefined;
  #ready = false;
  #crashes = 0;
  #restarts = 0;
  #stopping = false;
  #restart: NodeJS.Timeout | undefined;
  #lastWords: string[] = [];
  readonly #gone = Promise.withResolvers<void>();

  constructor(spec: ChildSpec, events: ChildEvents) {
    this.name = spec.name;
    this.#spec = spec;
    this.#events = events;
    this.#start();
  }

  /** How often it was started again. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Sends a message, and with it a connection; false while the process is being started again: then nobody hears it. */
  tell(message: object, socket?: Socket): boolean {
    if (!this.#process?.connected) return false;
    this.#process.send(message, socket, () => {}); // the end of the process is told by its exit
    return true;
  }

  /** Sends SIGTERM and resolves when the process has ended; it is not started again. */
  stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restart);
    if (this.#process === undefined) this.#gone.resolve();
    this.#process?.kill('SIGTERM');
    return this.#gone.promise;
  }

  kill(): void {
    this.#stopping = true;
    this.#process?.kill('SIGKILL');
  }

  #start(): void {
    const { entry, args = [], nodeOptions = [], env } = this.#spec;
    const startedAt = performance.now();
    const child = spawnOwned(process.execPath, [...nodeOptions, fileURLToPath(entry), ...args], {
      env: env as NodeJS.ProcessEnv,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#process = child;
    this.#lastWords = [];
    for (const output of [child.stdout!, child.stderr!]) {
      createInterface({ input: output }).on('line', (line) => this.#hear(line));
    }
    child.on('message', (message) => {
      this.#ready ||= isReadyMessage(message);
      this.#events.onMessage(this.name, message);
    });
    child.on('error', (error) => this.#hear(error.message));
    // 'close' comes after the last line of output, 'exit' may come before.
    child.once('close', (code, signal) => this.#ended(code, signal, performance.now() - startedAt));
  }

  #hear(line: string): void {
    this.#events.onLog(this.name, line);
    const entry = readLogLine(line);
    if (entry === undefined) this.#lastWords = [...this.#lastWords, line].slice(-LAST_WORDS);
    else if (entry.isWarning) this.#events.onComplaint(`${this.name}: ${entry.text}`);
  }

  #ended(code: number | null, signal: NodeJS.Signals | null, livedMs: number): void {
    this.#process = undefined;
    this.#events.onEnded?.(this.name);
    if (this.#stopping) {
      this.#gone.resolve();
      return;
    }
    for (const line of this.#lastWords) this.#events.onComplaint(`${this.name}: ${line}`);
    const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
    if (!this.#ready && livedMs < STARTED_MS) {
      this.#events.onNotice(`${this.name} ${how} before it was ready.`);
      this.#stopping = true;
      this.#gone.resolve();
      this.#events.onFailedStart(this.name, code);
      return;
    }
    this.#ready = true;
    this.#crashes = livedMs > HEALTHY_MS ? 1 : this.#crashes + 1;
    const pauseMs = restartPauseMs(this.#crashes);
    this.#events.onNotice(`${this.name} ${how}; starting it again in ${pauseMs / 1000} s.`);
    this.#restart = setTimeout(() => {
      this.#restarts += 1;
      this.#start();
    }, pauseMs);
  }
}
