const LEAST_SLAB_BYTES = 16 * 1024;
const MAX_SLAB_BYTES = 256 * 1024;
/** More than this is left to the garbage collector. */
const MAX_FULL_SLABS = 64;
const NOTHING = Buffer.alloc(0);

/**
 * Memory for the payloads of one publication, in slabs that are written to again and again: as garbage the media that comes in would be the most that a
 * worker makes, outside of V8's heap, which it collects as a whole because of it. The oldest slab is written to again when nobody holds anything in it.
 * Who might is asked each time a slab is needed, and nothing is concluded from what came when.
 */
export class PayloadMemory {
  readonly #isHeld: (memory: ArrayBufferLike) => boolean;
  /** The oldest first; the current one is not among them. As many as the largest group of pictures needed. */
  readonly #full: Buffer[] = [];
  #current: Buffer = NOTHING;
  #end = 0;
  #slabBytes = LEAST_SLAB_BYTES;

  /** `isHeld`: does somebody need anything that lies in this memory? */
  constructor(isHeld: (memory: ArrayBufferLike) => boolean) {
    this.#isHeld = isHeld;
  }

  /** Memory that holds anything. From now on it counts as needed for as long as somebody holds it, or a later payload is cut from the same slab. */
  take(sizeBytes: number): Buffer {
    const end = this.#end + sizeBytes;
    if (end > this.#current.length) return this.#takeFromNext(sizeBytes);
    const memory = this.#current.subarray(this.#end, end);
    this.#end = end;
    return memory;
  }

  /** Somebody who is not asked any more may hold something: no memory so far is written to again. */
  forget(): void {
    this.#full.length = 0;
    this.#current = NOTHING;
    this.#end = 0;
  }

  #takeFromNext(sizeBytes: number): Buffer {
    if (sizeBytes > MAX_SLAB_BYTES) return Buffer.allocUnsafeSlow(sizeBytes);
    const next = this.#reuse(sizeBytes) ?? this.#allocate(sizeBytes);
    if (this.#current !== NOTHING && this.#full.length < MAX_FULL_SLABS) this.#full.push(this.#current);
    this.#current = next;
    this.#end = sizeBytes;
    return next.subarray(0, sizeBytes);
  }

  /** One that is too small is let go of. */
  #reuse(sizeBytes: number): Buffer | undefined {
    const oldest = this.#full[0];
    if (oldest === undefined || this.#isHeld(oldest.buffer)) return undefined;
    this.#full.shift();
    return oldest.length < sizeBytes ? undefined : oldest;
  }

  /** Each larger than the one before, so that a small stream needs little. */
  #allocate(sizeBytes: number): Buffer {
    while (this.#slabBytes < sizeBytes) this.#slabBytes *= 2;
    const slab = Buffer.allocUnsafeSlow(this.#slabBytes);
    this.#slabBytes = Math.min(2 * this.#slabBytes, MAX_SLAB_BYTES);
    return slab;
  }
}
