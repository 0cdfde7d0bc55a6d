import { MAX_SEGMENT_BYTES } from './cut.ts';
import type { HlsSegment } from './segmenter.ts';

/** One segment on its way to the target. */
export interface Shipment {
  readonly segment: HlsSegment;
  /** One more than that of the segment before it. */
  readonly number: number;
  readonly uri: string;
  /** A playlist knows of it. */
  isListed: boolean;
}

/**
 * Segments that the target has not got, the one under way included. Holds so many and no more than 64 MiB; what does not fit costs the oldest
 * that waits, for a live stream is worth more at its end.
 */
export class SegmentQueue {
  readonly #maxSegments: number;
  readonly #waiting: Shipment[] = [];
  #current: Shipment | undefined;
  #pendingBytes = 0;
  #isClosed = false;
  #wake: (() => void) | undefined;

  constructor(maxSegments: number) {
    this.#maxSegments = maxSegments;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** In their order, without the one under way. */
  get waiting(): readonly Shipment[] {
    return this.#waiting;
  }

  /** Returns what had to go. */
  push(shipment: Shipment): Shipment[] {
    this.#waiting.push(shipment);
    this.#pendingBytes += shipment.segment.bytes.length;
    const dropped: Shipment[] = [];
    while (this.#waiting.length > 1 && this.#isTooFull) dropped.push(this.#drop());
    this.#wake?.();
    return dropped;
  }

  /** The next segment to upload, which ends the one before it; undefined when the queue is closed and nothing waits. */
  async next(): Promise<Shipment | undefined> {
    this.#finishCurrent();
    while (this.#waiting.length === 0 && !this.#isClosed) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    this.#current = this.#waiting.shift();
    return this.#current;
  }

  /** Nothing comes any more; with `forgets` nothing that waits goes out either. */
  close(forgets: boolean): void {
    this.#isClosed = true;
    while (forgets && this.#waiting.length > 0) this.#drop();
    this.#wake?.();
  }

  get #isTooFull(): boolean {
    const count = this.#waiting.length + (this.#current === undefined ? 0 : 1);
    return count > this.#maxSegments || this.#pendingBytes > MAX_SEGMENT_BYTES;
  }

  #drop(): Shipment {
    const shipment = this.#waiting.shift()!;
    this.#pendingBytes -= shipment.segment.bytes.length;
    return shipment;
  }

  #finishCurrent(): void {
    this.#pendingBytes -= this.#current?.segment.bytes.length ?? 0;
    this.#current = undefined;
  }
}
