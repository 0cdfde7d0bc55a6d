import type { PushRow } from '@pushfleet/contract/live';

/** Seconds that are kept of every push, so that a chart has a past when it is opened. */
export const HISTORY_LENGTH = 180;
const SERIES = 3;
/** Seconds. */
const MEAN_LENGTH = 60;

/** Columns as uPlot takes them, oldest first. Times in seconds since 1970. */
export interface MetricSeries {
  readonly atS: readonly number[];
  readonly bitrateBps: readonly (number | null)[];
  readonly lagMs: readonly (number | null)[];
  readonly queueBytes: readonly (number | null)[];
}

/** Where the numbers of a push are. */
interface Place {
  readonly index: number;
  /** Number of the first sample that is of this push: the place may have been another one's before. */
  readonly since: number;
}

/** The last minutes of all pushes. One array of single-precision numbers for each second: a second is written in one go, whatever is looked at later. */
export class MetricHistory {
  readonly #places = new Map<string, Place>();
  /** Indices of pushes that are gone. */
  readonly #free: number[] = [];
  /** By number of the sample, modulo. */
  readonly #samples: Float32Array[] = [];
  readonly #timesS = new Float64Array(HISTORY_LENGTH);
  #count = 0;

  /** One point of every push; called once a second. */
  sample(nowMs: number, rows: ReadonlyMap<string, PushRow>): void {
    const slot = this.#count % HISTORY_LENGTH;
    this.#timesS[slot] = nowMs / 1_000;
    for (const id of rows.keys()) if (!this.#places.has(id)) this.#place(id);
    const length = (this.#places.size + this.#free.length) * SERIES;
    const oldest = this.#samples[slot];
    const values = oldest?.length === length ? oldest : new Float32Array(length);
    values.fill(Number.NaN);
    for (const [id, { status, bitrate_bps, lag_ms, queue_bytes }] of rows) {
      const at = this.#places.get(id)!.index * SERIES;
      const isConnected = status === 'running' || status === 'stalled';
      values[at] = isConnected ? bitrate_bps : 0;
      if (!isConnected) continue;
      values[at + 1] = lag_ms;
      values[at + 2] = queue_bytes;
    }
    this.#samples[slot] = values;
    this.#count++;
  }

  /** Mean of the last minute, or of as much as there is; undefined for a push that was never seen. */
  meanBitrateBps(id: string): number | undefined {
    let sum = 0;
    let count = 0;
    for (let number = this.#count - 1; number >= this.#count - MEAN_LENGTH; number--) {
      const value = this.#value(this.#places.get(id), number, 0);
      if (value === null) break;
      sum += value;
      count++;
    }
    return count === 0 ? undefined : sum / count;
  }

  forget(id: string): void {
    const place = this.#places.get(id);
    if (place === undefined) return;
    this.#places.delete(id);
    this.#free.push(place.index);
  }

  series(id: string): MetricSeries {
    const place = this.#places.get(id);
    const length = Math.min(this.#count, HISTORY_LENGTH);
    const numbers = Array.from({ length }, (_, i) => this.#count - length + i);
    const column = (series: number) => numbers.map((number) => this.#value(place, number, series));
    return {
      atS: numbers.map((number) => this.#timesS[number % HISTORY_LENGTH]!),
      bitrateBps: column(0),
      lagMs: column(1),
      queueBytes: column(2),
    };
  }

  #place(id: string): void {
    const index = this.#free.pop() ?? this.#places.size;
    this.#places.set(id, { index, since: this.#count });
  }

  /** Null where nothing is known. */
  #value(place: Place | undefined, number: number, series: number): number | null {
    if (place === undefined || number < place.since) return null;
    const value = this.#samples[number % HISTORY_LENGTH]![place.index * SERIES + series]!;
    return Number.isNaN(value) ? null : value;
  }
}
