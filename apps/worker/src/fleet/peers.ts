import type { WorkerRecord } from '@pushfleet/contract';
import type { Beat } from './scripts.ts';

/** So many workers read the records of all with each beat. */
const FEW = 10;
/** With more of them each reads so much more seldom for each one beyond: what reading costs the fleet grows with its size, not with the square of it. */
const READ_EVERY_MS = 50;
/** Sooner, when workers have come or gone. */
const READ_CHANGED_EVERY_MS = 10;

/** The other workers, as this one knows them: who beats by every beat, what they say of themselves by the last reading of their records. */
export class Peers {
  #records: ReadonlyMap<string, WorkerRecord> = new Map();
  #readAt = Number.NEGATIVE_INFINITY;
  /** There are other workers than those whose records were read. */
  #isChanged = true;
  /** Dead, or seen dead since the last reading. */
  readonly #gone = new Set<string>();

  /** Shall the next beat bring the records of all workers? `now` is of a monotonic clock, in ms. */
  wantsRecords(now: number): boolean {
    const everyMs = this.#isChanged ? READ_CHANGED_EVERY_MS : READ_EVERY_MS;
    return now - this.#readAt >= Math.max(0, this.#records.size - FEW) * everyMs;
  }

  /** Undefined of a worker whose record has not been read, or that has none. */
  get(id: string): WorkerRecord | undefined {
    return this.#records.get(id);
  }

  /** Takes in a beat. */
  heard({ records, members, dead }: Pick<Beat, 'records' | 'members' | 'dead'>, now: number): void {
    if (records !== undefined) {
      const read = records.map((json) => JSON.parse(json) as WorkerRecord);
      this.#records = new Map(read.map((record) => [record.id, record]));
      this.#readAt = now;
      this.#gone.clear();
    }
    for (const id of dead) this.#gone.add(id);
    this.#isChanged = members !== this.#records.size;
    // One that nobody here has ever heard of: its pool decides who looks after what it held.
    if (records === undefined && dead.some((id) => !this.#records.has(id))) this.#readAt = Number.NEGATIVE_INFINITY;
  }

  /** Those that live, `own` among them as it is now. */
  living(own: WorkerRecord): WorkerRecord[] {
    const others = [...this.#records.values()].filter(({ id }) => id !== own.id && !this.#gone.has(id));
    return [own, ...others];
  }
}
