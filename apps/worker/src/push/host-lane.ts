import { PublishError, type PublishErrorCode, publishErrors } from '@pushfleet/protocols';
import { DOWN_FOR_MS, type HostDown, type Permits } from '../fleet/host-scripts.ts';

/** Permits asked for at a time: Redis hears once of so many attempts. */
const BATCH = 50;
/** A permit that nobody has used by then is void: it says that the host can take a connect now. */
const PERMIT_MS = 1_000;
/** Who has been given too few asks again no earlier and no later than this. */
const ASK_AGAIN_MIN_MS = 100;
const ASK_AGAIN_MAX_MS = 1_000;

/** One attempt that waits for its turn. */
export interface Waiter {
  readonly enter: () => void;
  readonly turnAway: (reason: PublishError) => void;
}

/** Those who connect, and wait to connect, to one host, and what this worker knows of it. Times are those of `performance.now()`. */
export class HostLane {
  readonly host: string;
  connecting = 0;
  readonly waiting: Waiter[] = [];
  /** There are failures on record in the fleet: the next success is news. */
  suspect = false;
  #asking = false;
  /** Told to ask later. */
  #resting = false;
  #permits = 0;
  #permitsEnd = 0;
  #down: HostDown | undefined;
  #downHeardAt = 0;
  #downUntil = 0;
  #failedAt = Number.NEGATIVE_INFINITY;

  constructor(host: string) {
    this.host = host;
  }

  /** The next one may dial. */
  isOpen(now: number): boolean {
    return this.waiting.length > 0 && this.#permitsAt(now) > 0;
  }

  /** How many permits to ask for now; 0 when there are some, they are asked for already, or it is too early. */
  wanted(now: number): number {
    if (this.#asking || this.#resting || this.#permitsAt(now) > 0) return 0;
    return Math.min(this.waiting.length, BATCH);
  }

  asked(): void {
    this.#asking = true;
  }

  /** The time after which to ask again is over. */
  rested(): void {
    this.#resting = false;
  }

  /** This worker has failed at the host itself. Only then does it believe that the host is down: its network may be better than that of others. */
  believes(now: number): boolean {
    return now - this.#failedAt < DOWN_FOR_MS;
  }

  /** What the fleet has answered. Milliseconds for which to rest before the next question; 0 when there is no need. */
  answered({ permits, againInMs, suspect, down }: Permits, now: number): number {
    this.#asking = false;
    this.#permits = permits;
    this.#permitsEnd = now + PERMIT_MS;
    this.suspect ||= suspect;
    this.#down = down;
    this.#downHeardAt = now;
    this.#downUntil = now + againInMs;
    this.#resting = down === undefined && againInMs > 0;
    return this.#resting ? clamp(againInMs, ASK_AGAIN_MIN_MS, ASK_AGAIN_MAX_MS) : 0;
  }

  /** Nobody dials but who has the permit to probe. */
  isDown(now: number): boolean {
    return this.#down !== undefined && now < this.#downUntil;
  }

  /** Why one more would be turned away; undefined when it may wait. */
  refusal(now: number): PublishError | undefined {
    if (this.#down === undefined || !this.isDown(now) || this.waiting.length < this.#permitsAt(now)) return undefined;
    const { code, since, probedMsAgo } = this.#down;
    const probed = Math.round(probedMsAgo + now - this.#downHeardAt);
    const detail = `not dialled: ${this.host} is known to be down since ${new Date(since).toISOString()}, probed ${probed} ms ago`;
    return new PublishError(Object.hasOwn(publishErrors, code) ? (code as PublishErrorCode) : 'unreachable', detail);
  }

  /** Those for whom there is neither a permit nor hope. */
  turnedAway(now: number): Waiter[] {
    return this.isDown(now) ? this.waiting.splice(this.#permitsAt(now)) : [];
  }

  /** Lets the first one in. */
  admit(): void {
    this.#permits--;
    this.connecting++;
    this.waiting.shift()!.enter();
  }

  failed(now: number): void {
    this.#seen();
    this.#failedAt = now;
    this.suspect = true;
  }

  reached(): void {
    this.#seen();
    this.#failedAt = Number.NEGATIVE_INFINITY;
    this.#down = undefined;
    this.suspect = false;
  }

  /** Nobody is here, and nothing is known that would be missed. */
  isForgettable(now: number): boolean {
    const isEmpty = this.connecting === 0 && this.waiting.length === 0 && !this.#asking;
    return isEmpty && !this.#resting && this.#permitsAt(now) === 0 && !this.isDown(now) && !this.believes(now);
  }

  /** Who rested until somebody has seen for himself how the host is need not rest any longer. */
  #seen(): void {
    if (this.suspect) this.#resting = false;
  }

  #permitsAt(now: number): number {
    return now < this.#permitsEnd ? this.#permits : 0;
  }
}

const clamp = (value: number, min: number, max: number): number => Math.min(Math.max(value, min), max);
