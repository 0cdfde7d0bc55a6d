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

/** The last minutes of all pushes: a ring of single-precision numbers for each, 2 kB. */
export class MetricHistory {
  readonly #rings = new Map<string, Float32Array>();
  readonly #timesS = new Float64Array(HISTORY_LENGTH);
  #count = 0;

  /** One point of every push; called once a second. */
  sample(nowMs: number, rows: Iterable<PushRow>): void {
    const slot = this.#count % HISTORY_LENGTH;
    this.#timesS[slot] = nowMs / 1_000;
    this.#count++;
    for (const row of rows) {
      let ring = this.#rings.get(row.id);
      if (ring === undefined) {
        ring = new Float32Array(HISTORY_LENGTH * SERIES).fill(Number.NaN);
        this.#rings.set(row.id, ring);
      }
      const isConnected = row.status === 'running' || row.status === 'stalled';
      ring[slot] = isConnected ? row.bitrate_bps : 0;
      ring[slot + HISTORY_LENGTH] = isConnected ? row.lag_ms : Number.NaN;
      ring[slot + 2 * HISTORY_LENGTH] = isConnected ? row.queue_bytes : Number.NaN;
    }
  }

  /** Mean of the last minute, or of as much as there is; undefined for a push that was never seen. */
  meanBitrateBps(id: string): number | undefined {
    const ring = this.#rings.get(id);
    if (ring === undefined) return undefined;
    const length = Math.min(this.#count, MEAN_LENGTH);
    let sum = 0;
    let count = 0;
    for (let i = 1; i <= length; i++) {
      const value = ring[(this.#count - i) % HISTORY_LENGTH]!;
      if (Number.isNaN(value)) break;
      sum += value;
      count++;
    }
    return count === 0 ? undefined : sum / count;
  }

  forget(id: string): void {
    this.#rings.delete(id);
  }

  series(id: string): MetricSeries {
    const ring = this.#rings.get(id);
    const length = Math.min(this.#count, HISTORY_LENGTH);
    const slots = Array.from({ length }, (_, i) => (this.#count - length + i) % HISTORY_LENGTH);
    const column = (index: number) =>
      slots.map((slot) => {
        const value = ring?.[slot + index * HISTORY_LENGTH] ?? Number.NaN;
        return Number.isNaN(value) ? null : value;
      });
    return {
      atS: slots.map((slot) => this.#timesS[slot]!),
      bitrateBps: column(0),
      lagMs: column(1),
      queueBytes: column(2),
    };
  }
}
