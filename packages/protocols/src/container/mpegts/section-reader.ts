// Sections out of the payloads of one PID. ISO/IEC 13818-1 §2.4.4.1, §2.4.4.2.
import type { PayloadReader } from './payload-reader.ts';

/** table_id, section_length. */
const PREFIX_BYTES = 3;
const STUFFING = 0xff;
const EMPTY = Buffer.alloc(0);

export class SectionReader implements PayloadReader {
  /** Gets a copy. */
  readonly #onSection: (section: Buffer) => void;
  /** A section that has begun. */
  #begun: Buffer = EMPTY;
  /** Whether the next byte of payload belongs to a section. */
  #isInside = false;

  constructor(onSection: (section: Buffer) => void) {
    this.#onSection = onSection;
  }

  payload(bytes: Buffer, isUnitStart: boolean): void {
    if (!isUnitStart) {
      this.#continue(bytes);
      return;
    }
    const start = 1 + (bytes[0] ?? 0); // pointer_field
    this.#continue(bytes.subarray(1, start));
    this.#begun = EMPTY;
    this.#isInside = true;
    this.#continue(bytes.subarray(start));
  }

  lost(): void {
    this.#begun = EMPTY;
    this.#isInside = false;
  }

  end(): void {
    this.lost();
  }

  #continue(bytes: Buffer): void {
    if (!this.#isInside) return;
    let available = Buffer.concat([this.#begun, bytes]);
    while (available.length >= PREFIX_BYTES && available[0] !== STUFFING) {
      const sizeBytes = PREFIX_BYTES + (available.readUInt16BE(1) & 0xfff); // section_length
      if (available.length < sizeBytes) break;
      this.#onSection(available.subarray(0, sizeBytes));
      available = available.subarray(sizeBytes);
    }
    this.#isInside = available[0] !== STUFFING;
    this.#begun = this.#isInside ? available : EMPTY;
  }
}
