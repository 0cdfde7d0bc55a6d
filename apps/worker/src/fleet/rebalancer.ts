import type { WorkerRecord } from '@pushfleet/contract';
import type { PushHolder } from '../push/push-holder.ts';
import { hasExcess, isFirst, type Pool } from './balance.ts';

/** Hands pushes over to workers with more room, one at a time and slowly: each of them is an interruption for somebody. */
export class Rebalancer {
  readonly #perMinute: number | 'off';
  #begun = false;
  #movedAt = Number.NEGATIVE_INFINITY;
  /** On its way out; another one only when it has left. */
  #moving: PushHolder | undefined;

  constructor(perMinute: number | 'off') {
    this.#perMinute = perMinute;
  }

  /** The push to hand over now, if there is one; called with each beat. */
  look(own: WorkerRecord, pool: Pool, holders: readonly PushHolder[], nowMs: number): PushHolder | undefined {
    if (this.#perMinute === 'off') return undefined;
    this.#begun = hasExcess(own, pool, this.#begun);
    if (!this.#begun || !isFirst(own, pool) || nowMs - this.#movedAt < 60_000 / this.#perMinute) return undefined;
    if (this.#moving !== undefined && holders.includes(this.#moving)) return undefined;
    this.#moving = leastDisturbed(holders);
    this.#movedAt = nowMs;
    return this.#moving;
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
