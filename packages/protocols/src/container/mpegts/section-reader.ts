// Sections out of the payloads of one PID. ISO/IEC 13818-1 §2.4.4.1, §2.4.4.2.
import { crc32 } from './crc32.ts';
import type { PayloadReader } from './payload-reader.ts';

/** table_id, section_length. */
const PREFIX_BYTES = 3;
/** With table_id_extension to last_section_number, and CRC_32. */
const SMALLEST_BYTES = 12;
const STUFFING = 0xff;
const EMPTY = Buffer.alloc(0);

export interface SectionEvents {
  /** A whole section with the header of tables, whose CRC_32 is right; a copy. */
  section(section: Buffer): void;
  /** One whose CRC_32 is wrong. */
  damaged(): void;
}

export class SectionReader implements PayloadReader {
  readonly #events: SectionEvents;
  /** A section that has begun. */
  #begun: Buffer = EMPTY;
  /** Whether the next byte of payload belongs to a section. */
  #isInside = false;

  constructor(events: SectionEvents) {
    this.#events = events;
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
      this.#check(available.subarray(0, sizeBytes));
      available = available.subarray(sizeBytes);
    }
    this.#isInside = available[0] !== STUFFING;
    this.#begun = this.#isInside ? available : EMPTY;
  }

  #check(section: Buffer): void {
    const hasTableHeader = (section[1]! & 0x80) !== 0; // section_syntax_indicator
    if (!hasTableHeader) return;
    if (section.length >= SMALLEST_BYTES && crc32(section) === 0) this.#events.section(section);
    else this.#events.damaged();
  }
}
