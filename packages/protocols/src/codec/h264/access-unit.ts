// What this package keeps of an access unit: everything but parameter sets (they live in the track), delimiters and filler.
import { splitAnnexB } from '../nal/annex-b.ts';
import { joinLengthPrefixed, splitLengthPrefixed, traitsIn } from '../nal/length-prefixed.ts';
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
  const types = lengthBytes === 4 ? traitsIn(bytes, bitOfType) : STRIPPED_TYPES;
  if ((types & STRIPPED_TYPES) !== 0) return fromNalUnits(splitLengthPrefixed(bytes, lengthBytes));
  return { data: bytes, isIdr: (types & (1 << NalType.idrSlice)) !== 0, parameterSets: NONE };
}

function bitOfType(firstByte: number): number {
  return 1 << nalUnitType(firstByte);
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
