import type { FullCause, WorkerRecord } from '@pushfleet/contract';
import { fullBy, fullWords, type Limits, type Load } from './admission.ts';
import { fairConcurrency, type Pool } from './balance.ts';
import { type Egress, egressRoom, expectedEgress } from './egress.ts';
import { LoadMeter, type LoadReading } from './load-meter.ts';
import { Patience } from './patience.ts';

/** Null cause and no words: the worker takes pushes. */
export interface Fullness {
  readonly fullCause: FullCause | null;
  readonly full: string;
}

/** Long enough that one burst of connects or one collection of garbage decides nothing. */
export const MEASURE_MS = 5_000;
/** Pushes come and go at a worker that is full to the brim: only what lasts is told. */
const LASTS_MS = 2_000;

/** How many pushes this worker takes, and why no more. Acts on nothing that it holds. */
export class Intake {
  readonly #limits: Limits;
  readonly #neededBps: () => Iterable<number>;
  readonly #meter = new LoadMeter();
  readonly #patience = new Patience();
  #reading: LoadReading = { cpuPercent: 0, loopDelayMs: 0 };
  #causes: ReadonlySet<FullCause> = new Set();
  #told: FullCause | null = null;
  #seen: { cause: FullCause | null; since: number } = { cause: null, since: 0 };

  /** `neededBps`: by each push that is held, 0 where it is not known. */
  constructor(limits: Limits, neededBps: () => Iterable<number>) {
    this.#limits = limits;
    this.#neededBps = neededBps;
  }

  /** CPU and event loop, over the last seconds. */
  get reading(): LoadReading {
    return this.#reading;
  }

  /** Full for its load. Being at capacity is not meant: BullMQ counts by itself. */
  get isOverloaded(): boolean {
    return [...this.#causes].some((cause) => cause !== 'capacity');
  }

  start(): void {
    this.#meter.start();
  }

  stop(): void {
    this.#meter.stop();
  }

  /** Every MEASURE_MS. */
  measure(): void {
    this.#reading = this.#meter.read();
  }

  look(): Fullness {
    const load = this.#load(expectedEgress(this.#neededBps()));
    this.#causes = fullBy(this.#causes, load, this.#limits);
    const [cause = null] = this.#causes;
    return { fullCause: cause, full: cause === null ? '' : fullWords(cause, load, this.#limits) };
  }

  /** Pushes to hold at most, for BullMQ; 0 is none beyond those that are held. */
  concurrency(own: WorkerRecord, pool: Pool, nowMs: number): number {
    const impatient = this.#patience.isOver(pool.waiting, nowMs);
    this.look();
    if (this.isOverloaded) return 0;
    const egress = expectedEgress(this.#neededBps());
    const room = egress.pushes + egressRoom(egress, this.#limits.egressBps);
    return Math.max(1, Math.min(fairConcurrency(own, pool, impatient), room));
  }

  /** What has become of it since it was told last, once that has lasted. */
  news(nowMs: number): Fullness | undefined {
    const fullness = this.look();
    const cause = fullness.fullCause;
    if (cause !== this.#seen.cause) this.#seen = { cause, since: nowMs };
    if (cause === this.#told || nowMs - this.#seen.since < LASTS_MS) return undefined;
    this.#told = cause;
    return fullness;
  }

  #load({ pushes, bps, perPushBps }: Egress): Load {
    return { held: pushes, ...this.#reading, nextEgressBps: bps + perPushBps };
  }
}
