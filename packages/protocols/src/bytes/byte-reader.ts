import { MalformedError } from './malformed-error.ts';

/**
 * Bounded cursor over bytes that it does not own. Integers are big-endian unless the name says `le`. Every read past the end
 * throws MalformedError with the offset at which it was tried, and leaves the cursor where it was.
 */
export class ByteReader {
  readonly #bytes: Buffer;
  #offset: number;

  constructor(bytes: Buffer, offset = 0) {
    this.#bytes = bytes;
    this.#offset = offset;
  }

  /** Position of the next read, counted from the start of the bytes. */
  get offset(): number {
    return this.#offset;
  }

  /** Bytes that are left. */
  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#advance(1));
  }

  /** The next 24 bits, without moving. */
  peekU24(): number {
    const value = this.u24();
    this.#offset -= 3;
    return value;
  }

  u16(): number {
    return this.#bytes.readUInt16BE(this.#advance(2));
  }

  u24(): number {
    return this.#bytes.readUIntBE(this.#advance(3), 3);
  }

  u32(): number {
    return this.#bytes.readUInt32BE(this.#advance(4));
  }

  u32le(): number {
    return this.#bytes.readUInt32LE(this.#advance(4));
  }

  /** Throws MalformedError for values over 2^53 - 1: none of our formats has a use for them. */
  u64(): number {
    const value = this.#bytes.readBigUInt64BE(this.#advance(8));
    if (value > BigInt(Number.MAX_SAFE_INTEGER))
      throw new MalformedError(`u64 ${value} is too large`, this.#offset - 8);
    return Number(value);
  }

  i8(): number {
    return this.#bytes.readInt8(this.#advance(1));
  }

  i16(): number {
    return this.#bytes.readInt16BE(this.#advance(2));
  }

  i24(): number {
    return this.#bytes.readIntBE(this.#advance(3), 3);
  }

  i32(): number {
    return this.#bytes.readInt32BE(this.#advance(4));
  }

  /** Throws MalformedError for values beyond 2^53 - 1 on either side. */
  i64(): number {
    const value = Number(this.#bytes.readBigInt64BE(this.#advance(8)));
    if (!Number.isSafeInteger(value)) throw new MalformedError(`i64 ${value} is too large`, this.#offset - 8);
    return value;
  }

  f64(): number {
    return this.#bytes.readDoubleBE(this.#advance(8));
  }

  /** The next `size` bytes as a view that shares memory with the input. */
  take(size: number): Buffer {
    const start = this.#advance(size);
    return this.#bytes.subarray(start, start + size);
  }

  /** Everything that is left, as a view. */
  rest(): Buffer {
    return this.take(this.remaining);
  }

  /** Text of `size` bytes; broken UTF-8 becomes U+FFFD. */
  utf8(size: number): string {
    const start = this.#advance(size);
    return this.#bytes.toString('utf8', start, start + size);
  }

  skip(size: number): void {
    this.#advance(size);
  }

  /** Moves the cursor by `size` bytes and returns where it was. */
  #advance(size: number): number {
    const start = this.#offset;
    if (size < 0 || size > this.#bytes.length - start) {
      throw new MalformedError(`${size} bytes wanted, ${this.#bytes.length - start} left`, start);
    }
    this.#offset = start + size;
    return start;
  }
}
