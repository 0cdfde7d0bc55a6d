// Bits of a byte string, most significant first, with the Exp-Golomb codes of ITU-T H.264 §9.1 and H.265 §9.2.
import { MalformedError } from './malformed-error.ts';

/** Bounded bit cursor. The bytes are an RBSP: emulation prevention has been taken out before. Throws MalformedError past the end. */
export class BitReader {
  readonly #bytes: Buffer;
  #bit = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Bits read so far. */
  get offset(): number {
    return this.#bit;
  }

  /** Bits that are left. */
  get remaining(): number {
    return this.#bytes.length * 8 - this.#bit;
  }

  /** u(n): an unsigned integer of `count` bits, 0 to 32. */
  bits(count: number): number {
    this.#require(count);
    let value = 0;
    let wanted = count;
    while (wanted > 0) {
      const available = 8 - (this.#bit & 7);
      const taken = Math.min(available, wanted);
      const byte = this.#bytes[this.#bit >> 3]!;
      value = value * 2 ** taken + ((byte >> (available - taken)) & ((1 << taken) - 1));
      this.#bit += taken;
      wanted -= taken;
    }
    return value;
  }

  /** u(1) as a boolean. */
  flag(): boolean {
    return this.bits(1) === 1;
  }

  /** ue(v): unsigned Exp-Golomb, 0 to 2^32 - 2. */
  ue(): number {
    let zeros = 0;
    while (!this.flag()) {
      zeros += 1;
      if (zeros > 31) throw new MalformedError('Exp-Golomb code is longer than 32 bits', this.#bit >> 3);
    }
    return 2 ** zeros - 1 + this.bits(zeros);
  }

  /** se(v): signed Exp-Golomb. */
  se(): number {
    const code = this.ue();
    if (code === 0) return 0;
    return code % 2 === 1 ? (code + 1) / 2 : -code / 2;
  }

  skip(count: number): void {
    this.#require(count);
    this.#bit += count;
  }

  /** Moves to the next byte border, if not on one. */
  align(): void {
    this.#bit = (this.#bit + 7) & ~7;
  }

  #require(count: number): void {
    if (count > this.remaining) {
      throw new MalformedError(`${count} bits wanted, ${this.remaining} left`, this.#bit >> 3);
    }
  }
}
