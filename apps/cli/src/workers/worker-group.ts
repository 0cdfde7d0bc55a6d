import type { Socket } from 'node:net';
import type { Environment } from '@pushfleet/config';
import {
  type FromWorkerProcess,
  SHARED_PORTS_ARGUMENT,
  type SharedPort,
  type ToWorkerProcess,
  WORKER_ALLOCATOR,
  workerNodeOptions,
} from '@pushfleet/contract';
import { endpoint } from '../endpoint.ts';
import type { Children } from '../up/children.ts';
import type { Variables } from '../up/environment.ts';
import { isReadyMessage } from '../up/ready.ts';
import { ConnectionDealer } from './connection-dealer.ts';
import { mergeMetrics } from './metrics.ts';
import type { ProcessPorts } from './process-ports.ts';
import { SharedListener } from './shared-listener.ts';

export interface WorkerGroupPlan {
  /** Runs the processes; what they say and how they end is to be passed to `hear` and `ended`. */
  readonly children: Children;
  /** What all processes have in common. */
  readonly env: Readonly<Variables>;
  readonly environment: Pick<Environment, 'rtmpPort' | 'httpPort' | 'bind' | 'advertise'>;
  /** PUSHFLEET_WORKER_ID of the group: that of process 1 is NAME-1. */
  readonly name: string;
  /** A process each. */
  readonly ports: readonly ProcessPorts[];
}

/** Addresses of the shared ports, `host:port`; empty when they are off. */
export interface SharedAddresses {
  readonly rtmp: string;
  readonly http: string;
}

/** A process that does not tell its metrics within this time is left out. */
const METRICS_MS = 1_000;

/** For people and for the messages of the parent: `worker-1`. */
const childName = (process: number): string => `worker-${process}`;

/** Several workers of one host, each a process of its own, behind one RTMP and one HTTP port. */
export class WorkerGroup {
  readonly #plan: WorkerGroupPlan;
  readonly #processes: readonly number[];
  readonly #dealer = new ConnectionDealer();
  readonly #listeners = {
    rtmp: new SharedListener('rtmp', this.#dealer),
    http: new SharedListener('http', this.#dealer),
  };
  /** Advertised `host:port` of each process that serves -> where it is reached on this host. */
  readonly #addresses = new Map<string, Readonly<Record<string, string>>>();
  readonly #answers = new Map<number, (text: string) => void>();
  readonly #listed = new Set<string>();
  #questions = 0;

  constructor(plan: WorkerGroupPlan) {
    this.#plan = plan;
    this.#processes = plan.ports.map((_, index) => index + 1);
  }

  /** Starts the processes. Resolves when the shared ports are open; rejects with CliError when they may not be had. */
  async start(): Promise<SharedAddresses> {
    const { environment, children, ports } = this.#plan;
    const addresses = {
      rtmp: await this.#listen('rtmp', environment.rtmpPort),
      http: await this.#listen('http', environment.httpPort),
    };
    const entry = import.meta.resolve('@pushfleet/worker/main');
    for (const [index, own] of ports.entries()) {
      const process = index + 1;
      children.start({
        name: childName(process),
        entry,
        args: [SHARED_PORTS_ARGUMENT],
        nodeOptions: workerNodeOptions(this.#plan.env.NODE_OPTIONS),
        env: this.#envOf(process, own),
      });
    }
    return addresses;
  }

  /** What one of the processes has said. */
  hear(child: string, message: unknown): void {
    if (isReadyMessage(message)) this.#serves(child, [message.rtmp, message.http]);
    else if (isOp(message)) this.#obey(child, message);
  }

  /** One of the processes has ended. */
  ended(child: string): void {
    this.#dealer.leave(child);
    this.#addresses.delete(child);
    this.#tellSiblings();
  }

  /** When all processes have ended. */
  close(): void {
    for (const listener of Object.values(this.#listeners)) listener.close();
    this.#dealer.close();
  }

  async #listen(name: SharedPort, port: number | 'off'): Promise<string> {
    const { bind, advertise } = this.#plan.environment;
    return port === 'off' ? '' : endpoint(advertise, await this.#listeners[name].listen(port, bind));
  }

  #envOf(process: number, { rtmp, http }: ProcessPorts): Variables {
    const { env, name } = this.#plan;
    const own = { PUSHFLEET_WORKER_ID: `${name}-${process}`, PUSHFLEET_RTMP_PORT: rtmp, PUSHFLEET_HTTP_PORT: http };
    return { ...WORKER_ALLOCATOR, ...env, ...own };
  }

  #serves(child: string, advertised: readonly (string | undefined)[]): void {
    const local = localHost(this.#plan.environment.bind);
    const pairs = advertised.filter(Boolean).map((address) => [address!, endpoint(local, portOf(address!))]);
    this.#addresses.set(child, Object.fromEntries(pairs));
    this.#tellSiblings();
    this.#dealer.join(child, (port, socket) => this.#tell(child, { op: 'connection', port }, socket));
  }

  #tellSiblings(): void {
    for (const child of this.#addresses.keys()) {
      const others = [...this.#addresses].filter(([name]) => name !== child).map(([, addresses]) => addresses);
      this.#tell(child, { op: 'siblings', addresses: Object.assign({}, ...others) });
    }
  }

  #obey(child: string, message: FromWorkerProcess): void {
    switch (message.op) {
      case 'listed':
        this.#begin(child);
        return;
      case 'taken':
        this.#dealer.taken(child);
        return;
      case 'closed':
        this.#dealer.closed(child);
        return;
      case 'draining':
        this.#dealer.drain(child, message.draining);
        return;
      case 'metrics':
        this.#answers.get(message.question)?.(message.text);
        return;
      case 'all_metrics':
        void this.#tellMetrics(child, message.question);
    }
  }

  /** Those that start together begin together; later on each begins at once. */
  #begin(child: string): void {
    const { size } = this.#listed;
    const all = this.#processes.length;
    this.#listed.add(child);
    const ready = size === all ? [child] : this.#listed.size === all ? this.#listed : [];
    for (const name of ready) this.#tell(name, { op: 'begin' });
  }

  async #tellMetrics(child: string, question: number): Promise<void> {
    const { children } = this.#plan;
    const told = this.#processes.map(async (process) => ({
      process,
      text: await this.#metricsOf(childName(process)),
      restarts: children.restarts(childName(process)),
    }));
    this.#tell(child, { op: 'all_metrics', question, text: mergeMetrics(await Promise.all(told)) });
  }

  #metricsOf(child: string): Promise<string | undefined> {
    const question = ++this.#questions;
    return new Promise<string | undefined>((resolve) => {
      setTimeout(() => resolve(undefined), METRICS_MS).unref();
      this.#answers.set(question, resolve);
      if (!this.#tell(child, { op: 'metrics', question })) resolve(undefined);
    }).finally(() => this.#answers.delete(question));
  }

  #tell(child: string, message: ToWorkerProcess, socket?: Socket): boolean {
    return this.#plan.children.tell(child, message, socket);
  }
}

const isOp = (message: unknown): message is FromWorkerProcess =>
  typeof message === 'object' && message !== null && 'op' in message;

const portOf = (address: string): string => address.slice(address.lastIndexOf(':') + 1);

/** Where what listens on `bind` is reached without leaving the host. */
const localHost = (bind: string): string => (bind === '0.0.0.0' ? '127.0.0.1' : bind === '::' ? '::1' : bind);
