// Boxes: a size, a four-character type, a payload. ISO/IEC 14496-12 §4.2.
import { ByteReader } from '../../bytes/byte-reader.ts';
import { ByteWriter } from '../../bytes/byte-writer.ts';
import { MalformedError } from '../../bytes/malformed-error.ts';

export interface Box {
  /** Four characters, Latin-1. */
  readonly type: string;
  /** A view of the bytes that were parsed. */
  readonly payload: Buffer;
}

export const BOX_HEADER_BYTES = 8;

/** A type as the number that its four characters are on the wire. */
export function fourCc(type: string): number {
  return Buffer.from(type, 'latin1').readUInt32BE(0);
}

/** A box with `parts` for its payload. Copies them. */
export function box(type: string, ...parts: readonly Uint8Array[]): Buffer {
  const sizeBytes = parts.reduce((sum, part) => sum + part.length, BOX_HEADER_BYTES);
  const writer = new ByteWriter(sizeBytes).u32(sizeBytes).u32(fourCc(type)); // size, type
  for (const part of parts) writer.bytes(part);
  return writer.finish();
}

/** A box that begins with version and flags, §4.2.2. */
export function fullBox(type: string, version: number, flags: number, ...parts: readonly Uint8Array[]): Buffer {
  return box(type, new ByteWriter(4).u8(version).u24(flags).finish(), ...parts); // version, flags
}

/** The boxes that fill `bytes`. Throws MalformedError when one does not fit. */
export function parseBoxes(bytes: Buffer): Box[] {
  const reader = new ByteReader(bytes);
  const boxes: Box[] = [];
  while (reader.remaining > 0) {
    const { offset } = reader;
    const size = reader.u32(); // size
    const type = reader.take(4).toString('latin1'); // type
    const sizeBytes = size === 0 ? bytes.length - offset : size === 1 ? reader.u64() : size; // largesize
    const payloadBytes = sizeBytes - (reader.offset - offset);
    if (payloadBytes < 0) throw new MalformedError(`size ${sizeBytes} of box ${printable(type)}`, offset);
    boxes.push({ type, payload: reader.take(payloadBytes) });
  }
  return boxes;
}

/** The payload of the first box of a type; undefined when there is none. */
export function findBox(boxes: readonly Box[], type: string): Buffer | undefined {
  return boxes.find((candidate) => candidate.type === type)?.payload;
}

/** The payload of the first box of a type. Throws MalformedError when there is none in `parent`. */
export function requireBox(boxes: readonly Box[], type: string, parent: string): Buffer {
  const payload = findBox(boxes, type);
  if (payload === undefined) throw new MalformedError(`${parent} without ${type}`);
  return payload;
}

export interface FullBoxReader {
  readonly version: number;
  readonly flags: number;
  /** Behind version and flags. */
  readonly reader: ByteReader;
}

/** Opens the payload of a full box. */
export function readFullBox(payload: Buffer): FullBoxReader {
  const reader = new ByteReader(payload);
  return { version: reader.u8(), flags: reader.u24(), reader }; // version, flags
}

/**
 * A time or duration, of 64 bits in version 1 and 32 in version 0. Beyond 2^53 it is the nearest number: clocks that count 100 ns since 1970 are
 * there, and are off by a tick then.
 */
export function readTicks(reader: ByteReader, version: number): number {
  return version === 1 ? Number(reader.take(8).readBigUInt64BE()) : reader.u32();
}

/** A type for messages: what is no letter or digit becomes a question mark. */
export function printable(type: string): string {
  return type.replaceAll(/[^\w .-]/g, '?');
}
