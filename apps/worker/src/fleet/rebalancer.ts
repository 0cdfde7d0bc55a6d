import type { WorkerRecord } from '@pushfleet/contract';
import type { PushHolder } from '../push/push-holder.ts';
import { hasExcess, type Pool } from './balance.ts';

/** Those that wait for their sync sample. With groups of pictures of many seconds this slows the moves down, so that few are in the air at once. */
const MAX_MOVING = 4;

/** Hands pushes over to workers with more room, slowly: each of them is an interruption for somebody. */
export class Rebalancer {
  /** Undefined where it is off. */
  readonly #paceMs: number | undefined;
  #begun = false;
  #nextAtMs = Number.NEGATIVE_INFINITY;
  /** On their way out. */
  #moving: ReadonlySet<PushHolder> = new Set();

  constructor(perMinute: number | 'off') {
    this.#paceMs = perMinute === 'off' ? undefined : 60_000 / perMinute;
  }

  /** The push to hand over now, if there is one; called with each beat. `own`: with all that is held, those that move included. */
  look(own: WorkerRecord, pool: Pool, holders: readonly PushHolder[], nowMs: number): PushHolder | undefined {
    if (this.#paceMs === undefined) return undefined;
    this.#moving = new Set(holders.filter((holder) => this.#moving.has(holder)));
    this.#begun = hasExcess(own, pool, { begun: this.#begun, moving: this.#moving.size });
    if (!this.#begun || nowMs < this.#nextAtMs || this.#moving.size >= MAX_MOVING) return undefined;
    const holder = leastDisturbed(holders.filter((holder) => !this.#moving.has(holder)));
    if (holder === undefined) return undefined;
    this.#moving = new Set([...this.#moving, holder]);
    // Beats come when they come: the pace is kept from one time to the next, not from one beat to the next.
    const isOnPace = nowMs - this.#nextAtMs < this.#paceMs;
    this.#nextAtMs = (isOnPace ? this.#nextAtMs : nowMs) + this.#paceMs;
    return holder;
  }
}

/** One without a connection, else the one that has been connected last: what has run for long goes on. */
function leastDisturbed(holders: readonly PushHolder[]): PushHolder | undefined {
  const connectedAt = (holder: PushHolder) => holder.connectedAt?.getTime() ?? Number.POSITIVE_INFINITY;
  return holders.reduce<PushHolder | undefined>(
    (least, holder) => (least === undefined || connectedAt(holder) > connectedAt(least) ? holder : least),
    undefined,
  );
}
