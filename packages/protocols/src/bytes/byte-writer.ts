/**
 * Cursor that writes into memory of its own and grows as needed. Integers are big-endian unless the name says `le`; a value that
 * does not fit its field throws RangeError, because only a mistake of ours can cause it.
 */
export class ByteWriter {
  #bytes: Buffer;
  #offset = 0;

  constructor(capacityBytes = 256) {
    this.#bytes = Buffer.allocUnsafe(capacityBytes);
  }

  /** Bytes written so far. */
  get offset(): number {
    return this.#offset;
  }

  u8(value: number): this {
    const start = this.#advance(1);
    this.#bytes.writeUInt8(value, start);
    return this;
  }

  u16(value: number): this {
    const start = this.#advance(2);
    this.#bytes.writeUInt16BE(value, start);
    return this;
  }

  u24(value: number): this {
    const start = this.#advance(3);
    this.#bytes.writeUIntBE(value, start, 3);
    return this;
  }

  u32(value: number): this {
    const start = this.#advance(4);
    this.#bytes.writeUInt32BE(value, start);
    return this;
  }

  u32le(value: number): this {
    const start = this.#advance(4);
    this.#bytes.writeUInt32LE(value, start);
    return this;
  }

  /** `value` is an integer up to 2^53 - 1. */
  u64(value: number): this {
    const start = this.#advance(8);
    this.#bytes.writeBigUInt64BE(BigInt(value), start);
    return this;
  }

  i16(value: number): this {
    const start = this.#advance(2);
    this.#bytes.writeInt16BE(value, start);
    return this;
  }

  i24(value: number): this {
    const start = this.#advance(3);
    this.#bytes.writeIntBE(value, start, 3);
    return this;
  }

  i32(value: number): this {
    const start = this.#advance(4);
    this.#bytes.writeInt32BE(value, start);
    return this;
  }

  f64(value: number): this {
    const start = this.#advance(8);
    this.#bytes.writeDoubleBE(value, start);
    return this;
  }

  /** Copies `bytes`. */
  bytes(bytes: Uint8Array): this {
    const start = this.#advance(bytes.length);
    this.#bytes.set(bytes, start);
    return this;
  }

  utf8(text: string): this {
    const size = Buffer.byteLength(text);
    const start = this.#advance(size);
    this.#bytes.write(text, start, size);
    return this;
  }

  fill(value: number, size: number): this {
    const start = this.#advance(size);
    this.#bytes.fill(value, start, start + size);
    return this;
  }

  /** Overwrites four bytes that were written before: a size or a count that is known only at the end. */
  patchU32(offset: number, value: number): this {
    if (offset + 4 > this.#offset) throw new RangeError(`patchU32: offset ${offset} has not been written yet`);
    this.#bytes.writeUInt32BE(value, offset);
    return this;
  }

  /** What was written, as a view; the writer must not be used afterwards. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#offset);
  }

  /** Makes room for `size` bytes and returns where they begin. May replace `#bytes`: call it before naming them. */
  #advance(size: number): number {
    const start = this.#offset;
    this.#offset = start + size;
    if (this.#offset > this.#bytes.length) this.#grow();
    return start;
  }

  #grow(): void {
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#offset));
    this.#bytes.copy(grown);
    this.#bytes = grown;
  }
}
