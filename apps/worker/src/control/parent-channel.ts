import type { Socket } from 'node:net';
import type { FromWorkerProcess, SharedPort, ToWorkerProcess } from '@pushfleet/contract';
import { within } from '../fleet/within.ts';

/** What of a Node process the channel needs. */
export interface Channel {
  send?:
    | ((
        message: FromWorkerProcess,
        handle: undefined,
        options: undefined,
        sent: (error: Error | null) => void,
      ) => unknown)
    | undefined;
  on(event: 'message', listener: (message: unknown, socket: unknown) => void): unknown;
}

/** What this process does for the ports that it shares. */
export interface SharedService {
  /** Takes a connection over. The worker closes it when it stops. */
  readonly connection: (port: SharedPort, socket: Socket) => void;
  /** This process' own metrics. */
  readonly metrics: () => string;
}

/** Longer than the parent waits for the slowest process. */
const METRICS_MS = 3_000;
/** Processes that start together need about a second. */
const BEGIN_MS = 5_000;

/** The parent that listens on the shared ports of this host, as one of its processes sees it. */
export class ParentChannel {
  readonly #channel: Channel;
  readonly #answers = new Map<number, (text: string) => void>();
  #siblings: ReadonlyMap<string, string> = new Map();
  #service: SharedService | undefined;
  readonly #begun = Promise.withResolvers<void>();
  #questions = 0;

  constructor(channel: Channel) {
    this.#channel = channel;
    channel.on('message', (message, socket) => this.#hear(message as ToWorkerProcess, socket as Socket | undefined));
  }

  /** From now on connections are taken. */
  serve(service: SharedService): void {
    this.#service = service;
  }

  /**
   * Resolves when all processes that start together are in the fleet, or need too long: the first one would take all pushes that wait, and the others
   * none.
   */
  async begin(): Promise<void> {
    this.#tell({ op: 'listed' });
    await within(BEGIN_MS, this.#begun.promise);
  }

  /** Where another process of this host is reached without leaving it; undefined when `address` is none of theirs. */
  near(address: string): string | undefined {
    return this.#siblings.get(address);
  }

  tellDraining(draining: boolean): void {
    this.#tell({ op: 'draining', draining });
  }

  /** Prometheus text of all processes of this host. */
  allMetrics(): Promise<string> {
    const question = ++this.#questions;
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        this.#answers.delete(question);
        reject(new Error('the parent process does not tell the metrics'));
      }, METRICS_MS);
      this.#answers.set(question, (text) => {
        clearTimeout(late);
        resolve(text);
      });
      this.#tell({ op: 'all_metrics', question });
    });
  }

  #hear(message: ToWorkerProcess, socket: Socket | undefined): void {
    switch (message.op) {
      case 'connection':
        this.#take(message.port, socket);
        return;
      case 'siblings':
        this.#siblings = new Map(Object.entries(message.addresses));
        return;
      case 'begin':
        this.#begun.resolve();
        return;
      case 'metrics':
        this.#tell({ op: 'metrics', question: message.question, text: this.#service?.metrics() ?? '' });
        return;
      case 'all_metrics':
        this.#answers.get(message.question)?.(message.text);
        this.#answers.delete(message.question);
    }
  }

  /** The socket is missing when its peer was gone before it came here. */
  #take(port: SharedPort, socket: Socket | undefined): void {
    this.#tell({ op: 'taken' });
    if (socket === undefined || this.#service === undefined) {
      socket?.destroy();
      this.#tell({ op: 'closed' });
      return;
    }
    socket.once('close', () => this.#tell({ op: 'closed' }));
    socket.setNoDelay(true);
    this.#service.connection(port, socket);
  }

  #tell(message: FromWorkerProcess): void {
    // A parent that is gone is told nothing: this process is about to end as well.
    this.#channel.send?.(message, undefined, undefined, () => {});
  }
}
