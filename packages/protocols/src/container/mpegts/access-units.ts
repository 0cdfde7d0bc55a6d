// Where access units begin in a byte stream. ITU-T H.264 §7.4.1.2.3, H.265 §7.4.2.4.4.
import { NalType, nalUnitType } from '../../codec/h264/nal-unit.ts';
import { HevcNalType, hevcLayerId, hevcNalUnitType } from '../../codec/hevc/nal-unit.ts';

/**
 * What a NAL unit says about the border of access units: `first` can only stand before the first slice of a picture, `slice` begins a picture
 * itself, `more` belongs to the picture that has begun.
 */
type Place = 'first' | 'slice' | 'more';

export type ByteStreamCodec = 'h264' | 'hevc';

export interface AccessUnitSpan {
  /** Where its first NAL unit begins, with and without the start code. */
  readonly start: number;
  readonly nalStart: number;
  /** Whether it holds a picture so far, or just what stands before one. */
  readonly hasPicture: boolean;
  readonly nalUnits: number;
}

const PREFIX = Buffer.from([0, 0, 1]); // start_code_prefix_one_3bytes
/** Bytes of a NAL unit that tell its place. */
const TELLING_BYTES = 3;

/** Finds the access units in a byte stream that grows at its end and is used up at its start; looks at no byte twice. */
export class AccessUnitScanner {
  readonly #codec: ByteStreamCodec;
  #units: { start: number; nalStart: number; hasPicture: boolean; nalUnits: number }[] = [];
  /** Up to here the stream has been looked through. */
  #position = 0;

  constructor(codec: ByteStreamCodec) {
    this.#codec = codec;
  }

  /**
   * The access units of `stream`, each up to where the next begins; what stands before the first is the rest of another. `stream` goes on from where
   * it ended last time; `isComplete`: what is missing of its last NAL unit will not come.
   */
  scan(stream: Buffer, isComplete: boolean): readonly AccessUnitSpan[] {
    let prefix = stream.indexOf(PREFIX, this.#position);
    while (prefix !== -1) {
      const nalStart = prefix + PREFIX.length;
      if (!isComplete && nalStart + TELLING_BYTES > stream.length) break;
      this.#add(stream, prefix, placeOf(stream, nalStart, this.#codec));
      this.#position = nalStart;
      prefix = stream.indexOf(PREFIX, nalStart);
    }
    if (prefix === -1) this.#position = Math.max(this.#position, stream.length - PREFIX.length + 1); // half a prefix may stand there
    return this.#units;
  }

  /** The bytes before `end` are gone. */
  forget(end: number): void {
    const left = this.#units.filter(({ start }) => start >= end);
    this.#units = left.map((unit) => ({ ...unit, start: unit.start - end, nalStart: unit.nalStart - end }));
    this.#position = Math.max(0, this.#position - end);
  }

  #add(stream: Buffer, prefix: number, place: Place): void {
    let unit = this.#units.at(-1);
    if (place !== 'more' && (unit === undefined || unit.hasPicture)) {
      const start = prefix > 0 && stream[prefix - 1] === 0 ? prefix - 1 : prefix; // zero_byte
      unit = { start, nalStart: prefix + PREFIX.length, hasPicture: false, nalUnits: 0 };
      this.#units.push(unit);
    }
    if (unit === undefined) return;
    unit.nalUnits += 1;
    unit.hasPicture ||= place === 'slice';
  }
}

/** Whether an access unit may begin with the first byte of `stream`. */
export function startsAccessUnit(stream: Buffer, codec: ByteStreamCodec): boolean {
  const prefix = stream.indexOf(PREFIX);
  if (prefix === -1) return false;
  for (let offset = 0; offset < prefix; offset++) if (stream[offset] !== 0) return false; // leading_zero_8bits
  return placeOf(stream, prefix + PREFIX.length, codec) !== 'more';
}

/** Where the bytes end too early to tell, they count as `more`. */
function placeOf(stream: Buffer, nalStart: number, codec: ByteStreamCodec): Place {
  return codec === 'h264' ? h264Place(stream, nalStart) : hevcPlace(stream, nalStart);
}

function h264Place(stream: Buffer, nalStart: number): Place {
  const type = nalUnitType(stream[nalStart] ?? 0);
  if (type >= NalType.slice && type <= NalType.idrSlice) {
    return ((stream[nalStart + 1] ?? 0) & 0x80) !== 0 ? 'slice' : 'more'; // first_mb_in_slice 0 is one bit
  }
  const isFirst = (type >= NalType.sei && type <= NalType.accessUnitDelimiter) || (type >= 14 && type <= 18);
  return isFirst ? 'first' : 'more';
}

function hevcPlace(stream: Buffer, nalStart: number): Place {
  const type = hevcNalUnitType(stream[nalStart] ?? 0);
  if (hevcLayerId(stream.subarray(nalStart, nalStart + 2)) > 0) return 'more';
  if (type < HevcNalType.vps) return ((stream[nalStart + 2] ?? 0) & 0x80) !== 0 ? 'slice' : 'more'; // first_slice_segment_in_pic_flag
  const isFirst =
    type <= HevcNalType.accessUnitDelimiter ||
    type === HevcNalType.prefixSei ||
    (type >= 41 && type <= 44) || // RSV_NVCL41 to 44
    (type >= 48 && type <= 55); // UNSPEC48 to 55
  return isFirst ? 'first' : 'more';
}
