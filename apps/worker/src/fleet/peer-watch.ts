import net from 'node:net';
import type { WorkerRecord } from '@pushfleet/contract';
import { bareHost } from '../net/endpoint.ts';

/** Neighbours that each worker looks after: as many may die at a time and each one still has somebody who notices at once. */
const NEIGHBOURS = 3;
/** A peer that could not be asked who it is is asked again after this time. */
const ASK_AGAIN_MS = 5_000;
/** An address of this network answers or refuses within this time. */
const CONNECT_MS = 400;

/** Asks the worker at an address who it is; undefined when nobody says so. */
export type AskWho = (address: string) => Promise<string | undefined>;

/**
 * Tells whether the process of a worker has ended, so that its pushes need not wait until its silence alone is proof enough. The kernel knows: where
 * nobody listens any more it refuses the connection. A process that stands still or hangs, a host without power and a network that is cut refuse
 * nothing. A refusal counts only at an address where that very worker has answered this one before: else the address may be wrong, or not
 * meant for us.
 */
export class PeerWatch {
  readonly #askWho: AskWho;
  /** Ids of workers that have answered at their address. */
  #met: ReadonlySet<string> = new Set();
  readonly #askedAt = new Map<string, number>();

  constructor(askWho: AskWho) {
    this.#askWho = askWho;
  }

  /** With every beat. `members`: of the pool, those that are not dead, this one included. */
  look(own: WorkerRecord, members: readonly WorkerRecord[], now: number): void {
    const neighbours = neighboursOf(own.id, members);
    const ids = new Set(neighbours.map(({ id }) => id));
    this.#met = new Set([...this.#met].filter((id) => ids.has(id)));
    for (const id of this.#askedAt.keys()) if (!ids.has(id)) this.#askedAt.delete(id);
    for (const neighbour of neighbours) {
      const askedAt = this.#askedAt.get(neighbour.id) ?? Number.NEGATIVE_INFINITY;
      if (this.#met.has(neighbour.id) || now - askedAt < ASK_AGAIN_MS) continue;
      this.#askedAt.set(neighbour.id, now);
      void this.#meet(neighbour);
    }
  }

  /** Is there proof that the process of this worker has ended? Never rejects. */
  async hasEnded(own: WorkerRecord, worker: WorkerRecord): Promise<boolean> {
    if (worker.http === '') return false;
    // Started again on the same host, and quickly: the port that the other one says it has is this one's.
    if (worker.name === own.name && worker.http === own.http) return true;
    return this.#met.has(worker.id) && isRefused(worker.http);
  }

  async #meet({ id, http }: WorkerRecord): Promise<void> {
    if ((await this.#askWho(http)) === id && this.#askedAt.has(id)) this.#met = new Set(this.#met).add(id);
  }
}

/** The next ones of the ring of ids that have an address. */
function neighboursOf(ownId: string, members: readonly WorkerRecord[]): WorkerRecord[] {
  const ring = members.filter(({ id, http }) => id !== ownId && http !== '').toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const next = Math.max(
    0,
    ring.findIndex(({ id }) => id > ownId),
  );
  return [...ring.slice(next), ...ring.slice(0, next)].slice(0, NEIGHBOURS);
}

/** Does the host say that nobody listens there? Of a name with several addresses, at each of them. */
export function isRefused(address: string): Promise<boolean> {
  const url = new URL(`http://${address}`);
  const host = bareHost(url.hostname);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = net.connect({ host, port: Number(url.port || 80), timeout: CONNECT_MS });
  const answer = (refused: boolean) => {
    resolve(refused);
    socket.destroy();
  };
  socket.once('connect', () => answer(false));
  socket.once('timeout', () => answer(false));
  socket.once('error', (error) => {
    const errors: NodeJS.ErrnoException[] = error instanceof AggregateError ? error.errors : [error];
    answer(errors.every(({ code }) => code === 'ECONNREFUSED'));
  });
  return promise;
}
