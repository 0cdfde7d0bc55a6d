import { isCutOff, SILENT_MS, UNBROKEN_MS, type Vote } from './fence.ts';
import { BEAT_INTERVAL_MS, DEAD_AFTER_MS, GRACE_MS } from './scripts.ts';

export const FENCE_MS = 200;
/** Without an answered beat for this long the others may have taken the pushes over; a beat's worth on the safe side. */
const TAKEN_OVER_MS = DEAD_AFTER_MS - BEAT_INTERVAL_MS;
/**
 * A peer that did not see Redis, or has not seen it for long, is a promise that nobody is declared dead for so long after it was asked: the grace after
 * an outage, which may have begun when the peer saw Redis again. A beat's worth on the safe side.
 */
const PROMISE_MS = GRACE_MS - UNBROKEN_MS - BEAT_INTERVAL_MS;

export interface FencingDeps {
  /** Is there anybody who could take pushes over? */
  readonly hasOthers: () => boolean;
  /** Do they see Redis? */
  readonly askOthers: () => Promise<readonly Vote[]>;
  /** Since Redis answered the last beat. */
  readonly silentMs: () => number;
  /** Since the last beat was sent that Redis has answered. */
  readonly unconfirmedMs: () => number;
  readonly draining: () => boolean;
  /** Everything that is held must be dropped now: it is somebody else's, or about to be. */
  readonly fenced: () => void;
  /** All connections must be dropped now; until `cleared` resolves nobody knows whose the pushes are. */
  readonly doubted: (cleared: Promise<void>) => void;
}

/** Sees to it that no push of this worker goes on after others have taken it over. */
export class Fencing {
  readonly #deps: FencingDeps;
  #cutOff = false;
  #asking = false;
  /** When a peer was asked who did not see Redis either, since the last answered beat; by performance.now(). */
  #promisedAt: number | undefined;

  constructor(deps: FencingDeps) {
    this.#deps = deps;
  }

  /** Redis has answered a beat. */
  beaten(): void {
    this.#cutOff = false;
    this.#promisedAt = undefined;
  }

  /** Every FENCE_MS: fences when the others see Redis and this worker does not, for then they are about to take over. */
  async look(): Promise<void> {
    const { silentMs, draining } = this.#deps;
    if (silentMs() < SILENT_MS || this.#cutOff || this.#asking || draining()) return;
    this.#asking = true;
    const votes = await this.#ask().finally(() => {
      this.#asking = false;
    });
    if (isCutOff(silentMs(), votes)) this.#fence();
  }

  /**
   * The process has stood still, and has sent nothing since. What it held may have been taken over: then nothing more is sent on its connections. Answers
   * that came meanwhile say nothing of now, so what counts is when they were asked for.
   */
  woken(): void {
    const { hasOthers, unconfirmedMs, doubted } = this.#deps;
    if (!hasOthers() || unconfirmedMs() < TAKEN_OVER_MS) return;
    if (this.#promisedAt === undefined) this.#fence();
    // Redis was away for all when the process fell asleep. Without it no push could be given back, so it is not let go of before it has to be.
    else if (performance.now() - this.#promisedAt >= PROMISE_MS) doubted(this.#clear());
  }

  /** Fences when any of the others sees Redis. */
  async #clear(): Promise<void> {
    const votes = await this.#ask();
    if (votes.includes(true)) this.#fence();
  }

  async #ask(): Promise<readonly Vote[]> {
    const askedAt = performance.now();
    const votes = await this.#deps.askOthers();
    if (votes.includes(false)) this.#promisedAt = askedAt;
    return votes;
  }

  #fence(): void {
    this.#cutOff = true;
    this.#deps.fenced();
  }
}
