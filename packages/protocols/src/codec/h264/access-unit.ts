// What this package keeps of an access unit: everything but parameter sets (they live in the track), delimiters and filler.
import { MalformedError } from '../../bytes/malformed-error.ts';
import { splitAnnexB } from './annex-b.ts';
import { joinLengthPrefixed, splitLengthPrefixed } from './length-prefixed.ts';
import { NalType, nalUnitType } from './nal-unit.ts';

export interface AccessUnit {
  /** NAL units with 4-byte lengths; empty when the access unit held nothing to decode. */
  readonly data: Buffer;
  /** Holds an IDR picture. */
  readonly isIdr: boolean;
  /** SPS and PPS that came in band, in their order. */
  readonly parameterSets: readonly Buffer[];
}

const NONE: readonly Buffer[] = [];

/** Bit per nal_unit_type that is taken out of samples. */
const STRIPPED_TYPES =
  (1 << NalType.sps) |
  (1 << NalType.pps) |
  (1 << NalType.spsExtension) |
  (1 << NalType.accessUnitDelimiter) |
  (1 << NalType.fillerData);

/** From the byte stream of MPEG-TS. `data` is a copy. */
export function parseAnnexB(stream: Buffer): AccessUnit {
  return fromNalUnits(splitAnnexB(stream));
}

/** From the framing of FLV and MP4. `data` is `bytes` itself when nothing had to be taken out, as in nearly every access unit. */
export function parseLengthPrefixed(bytes: Buffer, lengthBytes: number): AccessUnit {
  const types = lengthBytes === 4 ? typesIn(bytes) : STRIPPED_TYPES;
  if ((types & STRIPPED_TYPES) !== 0) return fromNalUnits(splitLengthPrefixed(bytes, lengthBytes));
  return { data: bytes, isIdr: (types & (1 << NalType.idrSlice)) !== 0, parameterSets: NONE };
}

/** Bit per nal_unit_type that occurs behind 4-byte lengths. */
function typesIn(bytes: Buffer): number {
  let types = 0;
  let offset = 0;
  while (offset + 4 < bytes.length) {
    const sizeBytes = bytes.readUInt32BE(offset);
    if (sizeBytes > 0) types |= 1 << nalUnitType(bytes[offset + 4]!);
    offset += 4 + sizeBytes;
  }
  if (offset !== bytes.length)
    throw new MalformedError(`NAL unit ends at ${offset}, access unit at ${bytes.length}`, offset);
  return types;
}

function fromNalUnits(nalUnits: readonly Buffer[]): AccessUnit {
  const kept: Buffer[] = [];
  const parameterSets: Buffer[] = [];
  let isIdr = false;
  for (const nalUnit of nalUnits) {
    const type = nalUnitType(nalUnit[0]!);
    if (type === NalType.sps || type === NalType.pps) parameterSets.push(nalUnit);
    if (type === NalType.idrSlice) isIdr = true;
    if ((STRIPPED_TYPES & (1 << type)) === 0) kept.push(nalUnit);
  }
  return { data: joinLengthPrefixed(kept), isIdr, parameterSets };
}
