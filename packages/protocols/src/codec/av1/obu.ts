// Open bitstream units in the low-overhead format. AV1 specification §5.3, §7.5.
import { MalformedError } from '../../bytes/malformed-error.ts';

/** obu_type, §6.2.2: those that we treat differently from the rest. */
export const ObuType = {
  sequenceHeader: 1,
  temporalDelimiter: 2,
  frameHeader: 3,
  frame: 6,
  tileList: 8,
  padding: 15,
} as const;

export interface Obu {
  readonly type: number;
  /** Header, size field and payload: a view. */
  readonly bytes: Buffer;
  /** A view. */
  readonly payload: Buffer;
  readonly hasSizeField: boolean;
}

/** The OBUs in `bytes`, one after another. An OBU without size field reaches to the end. Throws MalformedError. */
export function* obus(bytes: Buffer): Generator<Obu, void, undefined> {
  let offset = 0;
  while (offset < bytes.length) {
    const { type, payloadStart, end, hasSizeField } = readObuHeader(bytes, offset);
    yield { type, bytes: bytes.subarray(offset, end), payload: bytes.subarray(payloadStart, end), hasSizeField };
    offset = end;
  }
}

function readObuHeader(bytes: Buffer, offset: number) {
  const header = bytes[offset]!; // obu_forbidden_bit 1, obu_type 4, obu_extension_flag 1, obu_has_size_field 1, obu_reserved_1bit 1
  if ((header & 0x80) !== 0) throw new MalformedError('obu_forbidden_bit is set', offset);
  const type = (header >> 3) & 0xf;
  const sizeStart = offset + ((header & 4) === 0 ? 1 : 2); // obu_extension_header
  const hasSizeField = (header & 2) !== 0;
  if (!hasSizeField) {
    if (sizeStart > bytes.length) throw new MalformedError('OBU header is cut off', offset);
    return { type, payloadStart: sizeStart, end: bytes.length, hasSizeField };
  }
  const { value, end: payloadStart } = readLeb128(bytes, sizeStart); // obu_size
  const end = payloadStart + value;
  if (end > bytes.length) throw new MalformedError(`OBU ends at ${end}, its bytes at ${bytes.length}`, offset);
  return { type, payloadStart, end, hasSizeField };
}

/** leb128(), §4.10.5: at most 32 bits in at most eight bytes. */
function readLeb128(bytes: Buffer, start: number): { value: number; end: number } {
  let value = 0;
  for (let index = 0; index < 8; index++) {
    const byte = bytes[start + index];
    if (byte === undefined) throw new MalformedError('leb128 is cut off', start);
    value += (byte & 0x7f) * 2 ** (7 * index);
    if ((byte & 0x80) === 0) {
      if (value > 0xffff_ffff) throw new MalformedError('leb128 over 32 bits', start);
      return { value, end: start + index + 1 };
    }
  }
  throw new MalformedError('leb128 of more than eight bytes', start);
}

/** The same OBU with a size field. */
export function withSizeField({ bytes, payload, hasSizeField }: Obu): Buffer {
  if (hasSizeField) return bytes;
  const header = Buffer.from(bytes.subarray(0, bytes.length - payload.length));
  header[0]! |= 2; // obu_has_size_field
  return Buffer.concat([header, leb128(payload.length), payload]);
}

function leb128(value: number): Buffer {
  const digits: number[] = [];
  let rest = value;
  do {
    digits.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Buffer.from(digits);
}
