import type { SlabSource } from './packager.ts';

const SLAB_BYTES = 256 * 1024;

/** Who knows whether somebody still needs what was written. */
export interface SlabOwner {
  /** Batches that have been handed to all sinks. */
  readonly batches: number;
  /** No batch before the one with this number is kept for newcomers. */
  readonly keptFrom: number;
  /** Do all sinks that may have got a batch hold no byte back? */
  isDrained(): boolean;
}

/** A slab with batches; the one with the number `end` is the first that is not in it. */
interface FullSlab {
  readonly slab: Buffer;
  readonly end: number;
}

/**
 * Slabs for the batches of one channel, used again and again: as garbage they would be the most that a worker makes, outside of V8's heap, which
 * it collects as a whole because of them. A slab is written to again when none of its batches is kept and every sink has let go of all bytes that
 * it was given. Where a sink has not, the slab is left to the garbage collector.
 */
export class SlabRing implements SlabSource {
  readonly #owner: SlabOwner;
  /** The oldest first. As many as the largest group of pictures needed. */
  readonly #full: FullSlab[] = [];
  #current: Buffer | undefined;

  constructor(owner: SlabOwner) {
    this.#owner = owner;
  }

  next(sizeBytes: number): Buffer {
    const reusable = this.#takeReusable();
    if (this.#current?.length === SLAB_BYTES) this.#full.push({ slab: this.#current, end: this.#owner.batches });
    if (sizeBytes > SLAB_BYTES) this.#current = Buffer.allocUnsafeSlow(sizeBytes);
    else this.#current = reusable ?? Buffer.allocUnsafeSlow(SLAB_BYTES);
    return this.#current;
  }

  /** Somebody who is not asked any more may hold bytes of any slab so far: none is written to again. */
  forget(): void {
    this.#full.length = 0;
    this.#current = undefined;
  }

  #takeReusable(): Buffer | undefined {
    const oldest = this.#full[0];
    if (oldest === undefined || oldest.end > this.#owner.keptFrom) return undefined;
    this.#full.shift();
    return this.#owner.isDrained() ? oldest.slab : undefined;
  }
}
