import type { WorkerRecord } from '@pushfleet/contract';
import { Peers } from './peers.ts';
import { BEAT_INTERVAL_MS, type Beat, DEAD_AFTER_MS, type FleetScripts, LATE_AFTER_MS } from './scripts.ts';

export interface HeartbeatEvents {
  /** Every answered beat, after the dead of this pool have been reaped. `living`: the workers of all pools, this one included. */
  beat(beat: Beat, living: readonly WorkerRecord[]): Promise<void>;
  /** Redis has lost its data, or this worker had been declared dead: every lock must be looked at before anything else. */
  verify(why: 'data set lost' | 'declared dead'): Promise<void>;
  /** Has the process of this worker of the pool ended, which is late with its beats? Only a proof counts. */
  hasEnded(worker: WorkerRecord): Promise<boolean>;
  /** Jobs of a dead worker were freed and must be moved back to the queue. */
  reaped(death: Death): Promise<void>;
  failed(error: Error): void;
}

/** What one worker of the fleet finds out, and no other. */
export interface Death {
  readonly workerId: string;
  /** Undefined when it is not on record. */
  readonly worker: WorkerRecord | undefined;
  readonly why: 'its process has ended' | 'no heartbeat';
  /** Freed, and to be moved back to the queue. */
  readonly jobs: number;
}

/** Timers of different hosts drift: a beat that comes only so much later than it could is no reason to look. */
const JITTER_MS = 100;

/** Says every half second that this worker lives, and learns who does not. */
export class Heartbeat {
  readonly #scripts: FleetScripts;
  readonly #record: () => WorkerRecord;
  readonly #events: HeartbeatEvents;
  #timer: NodeJS.Timeout | undefined;
  #deathWatch: NodeJS.Timeout | undefined;
  readonly #peers = new Peers();
  /** Workers whose end is being looked into. */
  readonly #doubted = new Set<string>();
  #beating: Promise<void> | undefined;
  #again = false;
  #stopped = false;
  #registered = false;
  #epoch = '';
  #answeredAt = performance.now();
  /** When the last beat was sent that Redis has answered. */
  #confirmedAt = performance.now();
  #unbrokenSince = performance.now();

  constructor(scripts: FleetScripts, record: () => WorkerRecord, events: HeartbeatEvents) {
    this.#scripts = scripts;
    this.#record = record;
    this.#events = events;
  }

  /** Name of the data set that the last beat saw; empty before the first. */
  get epoch(): string {
    return this.#epoch;
  }

  /** Milliseconds since Redis answered the last beat. */
  get silentMs(): number {
    return performance.now() - this.#answeredAt;
  }

  /**
   * Milliseconds since Redis is known to have heard of this worker: since the last answered beat was sent. Its answer may have been read much later, by a
   * process that stood still meanwhile.
   */
  get unconfirmedMs(): number {
    return performance.now() - this.#confirmedAt;
  }

  /** Milliseconds for which Redis has answered without a break; 0 while the next beat after one is still to be answered. */
  get unbrokenMs(): number {
    return this.#isBroken ? 0 : performance.now() - this.#unbrokenSince;
  }

  /** Resolves with the first answered beat. */
  async start(): Promise<void> {
    this.#timer = setInterval(() => void this.beatNow(), BEAT_INTERVAL_MS);
    await this.beatNow();
  }

  /** One beat; while one is under way a further one follows it. */
  beatNow(): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    if (this.#beating !== undefined) {
      this.#again = true;
      return this.#beating;
    }
    this.#beating = this.#beat().finally(() => {
      this.#beating = undefined;
      if (!this.#again) return;
      this.#again = false;
      void this.beatNow();
    });
    return this.#beating;
  }

  /** Ends the beats and takes this worker off the list. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    clearTimeout(this.#deathWatch);
    await this.#beating;
    await this.#scripts.leave(this.#record().id);
  }

  get #isBroken(): boolean {
    return this.silentMs > 2 * BEAT_INTERVAL_MS;
  }

  async #beat(): Promise<void> {
    const record = this.#record();
    try {
      const epochCandidate = `${record.id}.${Date.now()}`;
      const sentAt = performance.now();
      const wantsRecords = this.#peers.wantsRecords(sentAt);
      const beat = await this.#scripts.beat(record.id, JSON.stringify(record), epochCandidate, {
        workerName: record.name,
        wantsRecords,
      });
      if (this.#isBroken) this.#unbrokenSince = performance.now();
      this.#answeredAt = performance.now();
      this.#confirmedAt = sentAt;
      await this.#digest(beat, record);
    } catch (error) {
      this.#events.failed(error as Error);
    }
  }

  async #digest(beat: Beat, own: WorkerRecord): Promise<void> {
    const lost = this.#epoch !== '' && beat.epoch !== this.#epoch;
    const buried = this.#registered && beat.isNew && !lost;
    // The jobs are put back while the old epoch is still known: it is how the script tells a loss from a removal on purpose.
    if (lost || buried) await this.#events.verify(lost ? 'data set lost' : 'declared dead');
    this.#epoch = beat.epoch;
    this.#registered = true;
    this.#peers.heard(beat, performance.now());
    for (const id of beat.dead) {
      const dead = this.#peers.get(id);
      if (id !== own.id && this.#isOurs(dead, beat)) await this.#reap(id, dead, 'no heartbeat', DEAD_AFTER_MS);
    }
    for (const id of beat.late) {
      const worker = this.#peers.get(id);
      if (id !== own.id && worker?.pool === own.pool) void this.#doubt(worker);
    }
    await this.#events.beat(beat, this.#peers.living(own));
    this.#watchDeath(beat);
  }

  /** Another pool's jobs are in another queue: its own workers look after them. Of whom there is no record nobody knows the pool. */
  #isOurs(worker: WorkerRecord | undefined, { records }: Beat): boolean {
    return worker === undefined ? records !== undefined : worker.pool === this.#record().pool;
  }

  /** Beats go on meanwhile. */
  async #doubt(worker: WorkerRecord): Promise<void> {
    const { id } = worker;
    if (this.#doubted.has(id)) return;
    this.#doubted.add(id);
    try {
      if (!(await this.#events.hasEnded(worker)) || this.#stopped) return;
      await this.#reap(id, worker, 'its process has ended', LATE_AFTER_MS);
    } catch (error) {
      this.#events.failed(error as Error);
    } finally {
      this.#doubted.delete(id);
    }
  }

  async #reap(workerId: string, worker: WorkerRecord | undefined, why: Death['why'], silentMs: number): Promise<void> {
    const jobs = await this.#scripts.reap(workerId, silentMs);
    if (jobs >= 0) await this.#events.reaped({ workerId, worker, why, jobs });
  }

  /** Who is dead, or late, before the next beat is noticed in that moment. */
  #watchDeath({ nextDeathMs, nextLateMs }: Beat): void {
    clearTimeout(this.#deathWatch);
    const inMs = nextLateMs < BEAT_INTERVAL_MS - JITTER_MS ? Math.min(nextLateMs, nextDeathMs) : nextDeathMs;
    if (this.#stopped || inMs >= BEAT_INTERVAL_MS) return;
    this.#deathWatch = setTimeout(() => void this.beatNow(), inMs + 1);
  }
}
