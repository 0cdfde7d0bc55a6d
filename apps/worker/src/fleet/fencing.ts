import { isCutOff, SILENT_MS } from './fence.ts';
import type { FleetView } from './fleet-view.ts';
import { askPeers } from './peer-votes.ts';
import { BEAT_INTERVAL_MS, DEAD_AFTER_MS } from './scripts.ts';

export const FENCE_MS = 200;
/** Without an answered beat for this long the others may have taken the pushes over; a beat's worth on the safe side. */
const TAKEN_OVER_MS = DEAD_AFTER_MS - BEAT_INTERVAL_MS;

export interface FencingDeps {
  readonly view: FleetView;
  readonly clusterKey: string;
  /** Since Redis answered the last beat. */
  readonly silentMs: () => number;
  /** Since the last beat was sent that Redis has answered. */
  readonly unconfirmedMs: () => number;
  readonly draining: () => boolean;
  /** Everything that is held must be dropped now: it is somebody else's, or about to be. */
  readonly fenced: () => void;
}

/** Sees to it that no push of this worker goes on after others have taken it over. */
export class Fencing {
  readonly #deps: FencingDeps;
  #cutOff = false;
  #asking = false;

  constructor(deps: FencingDeps) {
    this.#deps = deps;
  }

  /** Redis has answered a beat. */
  beaten(): void {
    this.#cutOff = false;
  }

  /** Every FENCE_MS: fences when the others see Redis and this worker does not, for then they are about to take over. */
  async look(): Promise<void> {
    const { view, clusterKey, silentMs, draining } = this.#deps;
    if (silentMs() < SILENT_MS || this.#cutOff || this.#asking || draining()) return;
    this.#asking = true;
    const votes = await askPeers(view.others, clusterKey).finally(() => {
      this.#asking = false;
    });
    if (isCutOff(silentMs(), votes)) this.#fence();
  }

  /** Nothing more is sent on connections that may be somebody else's by now, unless the beats had gone unanswered before. */
  woken(stoodStillMs: number): void {
    // An answer that came while the process stood still says nothing of now, so what counts is when it was asked for.
    const unconfirmedMs = this.#deps.unconfirmedMs();
    if (this.#deps.view.ids.size < 2 || unconfirmedMs < TAKEN_OVER_MS || unconfirmedMs - stoodStillMs >= SILENT_MS)
      return;
    this.#fence();
  }

  #fence(): void {
    this.#cutOff = true;
    this.#deps.fenced();
  }
}
