/** Memory is allocated in blocks of this size: one allocation for many units. */
const SLAB_BYTES = 256 * 1024;

/**
 * Cursor that writes one unit after the other into large blocks and hands each out as a view. What was handed out is never touched again.
 * Integers are big-endian. Room has to be reserved before anything is written.
 */
export class SlabWriter {
  #slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
  /** Where the unit begins that is being written. */
  #start = 0;
  #end = 0;

  /** Bytes of the unit so far. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** Makes room for so many bytes; what was begun moves along to a new block. */
  reserve(sizeBytes: number): void {
    if (this.#end + sizeBytes <= this.#slab.length) return;
    const begun = this.#slab.subarray(this.#start, this.#end);
    this.#slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, begun.length + sizeBytes));
    begun.copy(this.#slab);
    this.#start = 0;
    this.#end = begun.length;
  }

  u32(value: number): void {
    this.#end = this.#slab.writeUInt32BE(value, this.#end);
  }

  i32(value: number): void {
    this.#end = this.#slab.writeInt32BE(value, this.#end);
  }

  /** `value` is an integer up to 2^53 - 1. */
  u64(value: number): void {
    this.u32(Math.floor(value / 2 ** 32));
    this.u32(value % 2 ** 32);
  }

  /** Copies `bytes`. */
  bytes(bytes: Buffer): void {
    this.#slab.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** Leaves bytes as they are: whoever takes the unit fills them. */
  leave(sizeBytes: number): void {
    this.#end += sizeBytes;
  }

  /** The unit; the next one begins behind it. */
  take(): Buffer {
    const unit = this.#slab.subarray(this.#start, this.#end);
    this.#start = this.#end;
    return unit;
  }
}
