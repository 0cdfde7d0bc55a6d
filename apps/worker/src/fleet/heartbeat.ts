import type { WorkerRecord } from '@pushfleet/contract';
import { BEAT_INTERVAL_MS, type Beat, type FleetScripts } from './scripts.ts';

export interface HeartbeatEvents {
  /** Every answered beat, after the dead of this pool have been reaped. */
  beat(beat: Beat, workers: readonly WorkerRecord[]): Promise<void>;
  /** Redis has lost its data, or this worker had been declared dead: every lock must be looked at before anything else. */
  verify(why: 'data set lost' | 'declared dead'): Promise<void>;
  /** Jobs of a dead worker were freed and must be moved back to the queue. */
  reaped(worker: WorkerRecord | undefined, workerId: string, jobs: number): Promise<void>;
  failed(error: Error): void;
}

/** Says every half second that this worker lives, and learns who does not. */
export class Heartbeat {
  readonly #scripts: FleetScripts;
  readonly #record: () => WorkerRecord;
  readonly #events: HeartbeatEvents;
  #timer: NodeJS.Timeout | undefined;
  #deathWatch: NodeJS.Timeout | undefined;
  #beating: Promise<void> | undefined;
  #again = false;
  #stopped = false;
  #registered = false;
  #epoch = '';
  #answeredAt = performance.now();
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
      const beat = await this.#scripts.beat(record.id, JSON.stringify(record), epochCandidate, record.name);
      if (this.#isBroken) this.#unbrokenSince = performance.now();
      this.#answeredAt = performance.now();
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
    const workers = beat.workers.map((json) => JSON.parse(json) as WorkerRecord);
    for (const id of beat.dead) {
      const dead = workers.find((worker) => worker.id === id);
      // Another pool's jobs are in another queue: its own workers look after them.
      if (id === own.id || (dead !== undefined && dead.pool !== own.pool)) continue;
      const jobs = await this.#scripts.reap(id);
      if (jobs >= 0) await this.#events.reaped(dead, id, jobs);
    }
    await this.#events.beat(beat, workers);
    this.#watchDeath(beat.nextDeathMs);
  }

  /** A death that comes before the next beat is noticed in its moment. */
  #watchDeath(inMs: number): void {
    clearTimeout(this.#deathWatch);
    if (this.#stopped || inMs >= BEAT_INTERVAL_MS) return;
    this.#deathWatch = setTimeout(() => void this.beatNow(), inMs + 1);
  }
}
