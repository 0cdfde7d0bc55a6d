import { createWriteStream, type WriteStream } from 'node:fs';
import { loadEnvironment } from '@pushfleet/config';
import { WORKER_ALLOCATOR, workerNodeOptions } from '@pushfleet/contract';
import { ApiClient } from '../api/client.ts';
import type { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { isReceiverMessage, type RouteMessage } from '../demo/received.ts';
import { endpoint } from '../endpoint.ts';
import { everySecond } from '../every-second.ts';
import type { ProcessPorts } from '../workers/process-ports.ts';
import { type SharedAddresses, WorkerGroup } from '../workers/worker-group.ts';
import { Children } from './children.ts';
import { type FleetSettings, schedulerEnvironment, workerEnvironment } from './environment.ts';
import { type FleetOutput, fleetOutput } from './fleet-output.ts';
import { ask, type FleetState, unknownFleet } from './fleet-state.ts';
import { isReadyMessage } from './ready.ts';

export interface FleetPlan {
  readonly settings: FleetSettings;
  /** PUSHFLEET_HOST and PUSHFLEET_TOKEN. */
  readonly host: string;
  readonly token: string | undefined;
  /** Own ports of the workers, when there are several behind the ports of the settings; else there is one, and it has them. */
  readonly workers: readonly ProcessPorts[] | undefined;
  /** Run the local receiver of the demo. */
  readonly demo: boolean;
  /** File for the logs of all children. */
  readonly logFile: string | undefined;
  /** Sentences to begin with. */
  readonly notices: readonly string[];
}

/** The same sentence is not repeated within this time: a crowd of workers tends to say one thing. */
const REPEAT_MS = 10_000;
const SCHEDULER = 'scheduler';
const RECEIVER = 'receiver';
const ONLY_WORKER = 'worker-1';

/** A scheduler and its workers as child processes, with what a person sees of them. */
export class Fleet {
  readonly #plan: FleetPlan;
  readonly #context: Context;
  readonly #output: FleetOutput;
  readonly #log: WriteStream | undefined;
  readonly #saidAt = new Map<string, number>();
  #state: FleetState;
  /** When there are several workers. */
  #group: WorkerGroup | undefined;

  constructor(plan: FleetPlan, context: Context) {
    this.#plan = plan;
    this.#context = context;
    this.#output = fleetOutput(context);
    this.#log = plan.logFile === undefined ? undefined : createWriteStream(plan.logFile, { flags: 'a' });
    this.#log?.on('error', ({ message }) => this.#notice(`The log file cannot be written: ${message}`));
    this.#state = unknownFleet(apiUrl(plan.host, plan.settings.apiPort), plan.demo ? [] : undefined);
  }

  /** Runs until the user stops it, and drains. Rejects with CliError when that does not go well. */
  async run(): Promise<void> {
    const watching = new AbortController();
    const watched = everySecond(watching.signal, () => this.#look());
    try {
      for (const notice of this.#plan.notices) this.#notice(notice);
      const children = await this.#startChildren();
      await children.runUntilStopped(this.#context.interrupts(), (failure) => this.#stopping(failure));
    } finally {
      this.#group?.close();
      watching.abort();
      await watched;
      this.#update({ phase: 'stopped' });
      this.#output.show(this.#state);
      this.#output.close();
      this.#log?.end();
    }
  }

  async #startChildren(): Promise<Children> {
    const { settings, demo } = this.#plan;
    const { env } = this.#context;
    const children: Children = new Children({
      onMessage: (child, message) => this.#hear(children, child, message),
      onEnded: (child) => this.#group?.ended(child),
      onNotice: (text) => this.#notice(text),
      onComplaint: (text) => this.#notice(text),
      onLog: (_child, line) => this.#log?.write(`${line}\n`),
    });
    // First, because nothing may be left running when their ports cannot be had.
    await this.#startWorkers(children);
    if (demo) children.start({ name: RECEIVER, entry: import.meta.resolve('../demo/main.ts'), env });
    const schedulerEntry = import.meta.resolve('@pushfleet/scheduler/main');
    children.start({ name: SCHEDULER, entry: schedulerEntry, env: schedulerEnvironment(env, settings) });
    return children;
  }

  async #startWorkers(children: Children): Promise<void> {
    const { settings, workers: ports } = this.#plan;
    const env = workerEnvironment(this.#context.env, settings);
    if (ports === undefined) {
      children.start({
        name: ONLY_WORKER,
        entry: import.meta.resolve('@pushfleet/worker/main'),
        nodeOptions: workerNodeOptions(env.NODE_OPTIONS),
        env: { ...WORKER_ALLOCATOR, ...env },
      });
      return;
    }
    const environment = loadEnvironment(env, 'worker');
    const name = this.#context.env.PUSHFLEET_WORKER_ID || (settings.privateRedis ? 'worker' : environment.workerId);
    this.#group = new WorkerGroup({ children, env, environment, name, ports });
    this.#ingestAt(children, await this.#group.start());
  }

  #ingestAt(children: Children, { rtmp, http }: SharedAddresses): void {
    this.#update({ rtmp, http });
    if (http !== '') children.tell(RECEIVER, { worker: http } satisfies RouteMessage);
  }

  #hear(children: Children, child: string, message: unknown): void {
    if (isReceiverMessage(message)) {
      this.#update({ received: message.received });
    } else if (child === RECEIVER || child === SCHEDULER) {
      if (!isReadyMessage(message)) return;
      if (message.api !== undefined) this.#update({ api: apiUrl(this.#plan.host, new URL(message.api).port || '80') });
      this.#ingestAt(children, this.#state);
    } else if (this.#group !== undefined) this.#group.hear(child, message);
    else if (isReadyMessage(message)) this.#ingestAt(children, { rtmp: message.rtmp ?? '', http: message.http ?? '' });
  }

  #stopping(failure: CliError | undefined): void {
    const others = failure === undefined ? 'Stopping' : 'Stopping the others';
    this.#notice(`${others}. The workers drain; Ctrl-C once more stops at once.`);
    this.#update({ phase: 'stopping' });
    this.#output.show(this.#state);
  }

  async #look(): Promise<void> {
    const { api, phase } = this.#state;
    if (phase === 'running') {
      this.#update(await ask(new ApiClient(api, this.#plan.token)));
    }
    this.#output.show(this.#state);
  }

  #update(change: Partial<FleetState>): void {
    this.#state = { ...this.#state, ...change };
  }

  #notice(text: string): void {
    const now = performance.now();
    const last = this.#saidAt.get(text);
    if (last !== undefined && now - last < REPEAT_MS) return;
    for (const [said, at] of this.#saidAt) if (now - at > REPEAT_MS) this.#saidAt.delete(said);
    this.#saidAt.set(text, now);
    this.#output.notice(text);
  }
}

/** A host that means every address of this machine is reached by loopback. */
export function apiUrl(host: string, port: string): string {
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${endpoint(reachable, port)}`;
}
