import { type Contact, isCutOff, isInDoubt, mayHaveBuried, TAKEN_OVER_MS, type Vote } from './fence.ts';
import { BEAT_INTERVAL_MS, GRACE_MS } from './scripts.ts';

export const FENCE_MS = 200;
/** Peers without Redis are a promise that nobody is declared dead for so long: the grace after an outage, and a beat's worth on the safe side. */
const PROMISE_MS = GRACE_MS - BEAT_INTERVAL_MS;

export interface FencingDeps {
  /** Is there anybody who could take pushes over? */
  readonly hasOthers: () => boolean;
  /** Do they see Redis? */
  readonly askOthers: () => Promise<readonly Vote[]>;
  readonly contact: () => Contact;
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
  /** The process has stood still since the last answered beat. */
  #hasSlept = false;
  /** When the peers were asked, and none could have declared this worker dead; since the last answered beat, by performance.now(). */
  #promisedAt: number | undefined;

  constructor(deps: FencingDeps) {
    this.#deps = deps;
  }

  /** For so long this worker has watched Redis not answer: whoever stood still cannot tell what was meanwhile. */
  get watchedSilenceMs(): number {
    return this.#hasSlept ? 0 : this.#deps.contact().silentMs;
  }

  /** Redis has answered a beat. */
  beaten(): void {
    this.#cutOff = false;
    this.#hasSlept = false;
    this.#promisedAt = undefined;
  }

  /** Every FENCE_MS: fences when the others see Redis and this worker does not, for then they are about to take over. */
  async look(): Promise<void> {
    const { contact, draining } = this.#deps;
    if (!isInDoubt(contact()) || this.#cutOff || this.#asking || draining()) return;
    this.#asking = true;
    const { votes } = await this.#ask().finally(() => {
      this.#asking = false;
    });
    if (isCutOff(contact(), votes)) this.#fence();
  }

  /**
   * The process has stood still, and has sent nothing since. What it held may have been taken over: then nothing more is sent on its connections. Answers
   * that came meanwhile say nothing of now, so what counts is when they were asked for.
   */
  woken(): void {
    this.#hasSlept = true;
    const { hasOthers, contact, doubted } = this.#deps;
    if (!hasOthers() || contact().unconfirmedMs < TAKEN_OVER_MS) return;
    const isPromised = this.#promisedAt !== undefined && performance.now() - this.#promisedAt < PROMISE_MS;
    if (!isPromised) doubted(this.#clear());
  }

  /**
   * Fences unless all promise that nobody was declared dead: while Redis is away for all no push could be given back, so none is let go of. Where it was
   * known to be away before, those who do not answer now are not missed.
   */
  async #clear(): Promise<void> {
    const wasAway = this.#promisedAt !== undefined;
    const { votes, isPromised } = await this.#ask();
    const isClear = wasAway
      ? isPromised || votes.every((vote) => vote === undefined)
      : isPromised && !votes.includes(undefined);
    if (!isClear) this.#fence();
  }

  async #ask(): Promise<{ readonly votes: readonly Vote[]; readonly isPromised: boolean }> {
    const [askedAt, { unconfirmedMs }] = [performance.now(), this.#deps.contact()];
    const votes = await this.#deps.askOthers();
    const heard = votes.filter((vote) => vote !== undefined);
    const isPromised = heard.length > 0 && !heard.some((vote) => mayHaveBuried(unconfirmedMs, vote));
    if (isPromised) this.#promisedAt = askedAt;
    return { votes, isPromised };
  }

  #fence(): void {
    this.#cutOff = true;
    this.#deps.fenced();
  }
}
