import type { Socket } from 'node:net';
import type { SharedPort } from '@pushfleet/contract';

/** Hands a connection to a process; false when that cannot be reached. The process answers when it has taken it. */
export type Give = (port: SharedPort, socket: Socket) => boolean;

/** A process that takes connections. */
interface Seat {
  readonly name: string;
  readonly give: Give;
  /** Connections that were dealt to it and are not closed yet. */
  open: number;
  /** `taking` while one is on its way to it; `hanging` when that takes too long. */
  state: 'free' | 'taking' | 'hanging';
  hangTimer: NodeJS.Timeout | undefined;
}

interface Waiting {
  readonly port: SharedPort;
  readonly socket: Socket;
}

/** How long a connection waits for a process: one that was killed is back within this time. */
const WAIT_MS = 10_000;
const MOST_WAITING = 1_000;
/** Taking one is a matter of microseconds: a process that needs longer than this hangs, and the others get what comes. */
const HANG_MS = 100;

/**
 * Deals the connections of the shared ports to the processes: each to the one that has the fewest. A process gets the next one when it has taken
 * the last, so that one that hangs gets no more; one that drains gets them only when all do, and then tells them where to go.
 */
export class ConnectionDealer {
  readonly #seats = new Map<string, Seat>();
  /** Names; a process may say that it drains before it serves. */
  readonly #draining = new Set<string>();
  readonly #waiting = new Set<Waiting>();
  readonly #waitMs: number;

  constructor(waitMs = WAIT_MS) {
    this.#waitMs = waitMs;
  }

  /** The process serves. */
  join(name: string, give: Give): void {
    this.#seats.set(name, { name, give, open: 0, state: 'free', hangTimer: undefined });
    this.#deal();
  }

  /** The process has ended, and its connections with it. */
  leave(name: string): void {
    clearTimeout(this.#seats.get(name)?.hangTimer);
    this.#seats.delete(name);
    this.#draining.delete(name);
    this.#deal();
  }

  taken(name: string): void {
    const seat = this.#seats.get(name);
    if (seat === undefined) return;
    clearTimeout(seat.hangTimer);
    seat.state = 'free';
    this.#deal();
  }

  closed(name: string): void {
    const seat = this.#seats.get(name);
    if (seat !== undefined) seat.open -= 1;
  }

  drain(name: string, isDraining: boolean): void {
    if (isDraining) this.#draining.add(name);
    else this.#draining.delete(name);
    this.#deal();
  }

  deal(port: SharedPort, socket: Socket): void {
    if (this.#waiting.size >= MOST_WAITING) return void socket.destroy();
    const waiting = { port, socket };
    this.#waiting.add(waiting);
    this.#deal();
    if (!this.#waiting.has(waiting)) return;
    const late = setTimeout(() => this.#waiting.delete(waiting) && socket.destroy(), this.#waitMs);
    late.unref();
  }

  /** Closes whatever nobody has taken. */
  close(): void {
    for (const { socket } of this.#waiting) socket.destroy();
    this.#waiting.clear();
  }

  #deal(): void {
    for (const waiting of this.#waiting) {
      const seat = this.#next();
      if (seat === undefined) return;
      if (!seat.give(waiting.port, waiting.socket)) return; // its end is about to be told
      this.#waiting.delete(waiting);
      seat.open += 1;
      seat.state = 'taking';
      seat.hangTimer = setTimeout(() => {
        seat.state = 'hanging';
        this.#deal();
      }, HANG_MS);
      seat.hangTimer.unref();
    }
  }

  /** Undefined while the one whose turn it is still takes the last one, or none is there. */
  #next(): Seat | undefined {
    const seats = [...this.#seats.values()];
    const willing = seats.filter(({ name }) => !this.#draining.has(name));
    const awake = (willing.length > 0 ? willing : seats).filter(({ state }) => state !== 'hanging');
    const seat = awake.toSorted((a, b) => a.open - b.open)[0];
    return seat?.state === 'free' ? seat : undefined;
  }
}
