// What this package keeps of an access unit: everything but parameter sets (they live in the track), delimiters, ends and filler.
import { splitAnnexB } from '../nal/annex-b.ts';
import { joinLengthPrefixed, splitLengthPrefixed, traitsIn } from '../nal/length-prefixed.ts';
import { HevcNalType, hevcLayerId, hevcNalUnitType, isIrapType } from './nal-unit.ts';

export interface HevcAccessUnit {
  /** NAL units with 4-byte lengths; empty when the access unit held nothing to decode. */
  readonly data: Buffer;
  /** Holds an intra random access point: an IDR, CRA or BLA picture. */
  readonly isIrap: boolean;
  /** VPS, SPS and PPS of the base layer that came in band, in their order. */
  readonly parameterSets: readonly Buffer[];
}

const NONE: readonly Buffer[] = [];
const TAKEN_OUT = 1;
const IRAP = 2;

/** From the byte stream of MPEG-TS. `data` is a copy. */
export function parseHevcAnnexB(stream: Buffer): HevcAccessUnit {
  return fromNalUnits(splitAnnexB(stream));
}

/** From the framing of FLV and MP4. `data` is `bytes` itself when nothing had to be taken out, as in nearly every access unit. */
export function parseHevcLengthPrefixed(bytes: Buffer, lengthBytes: number): HevcAccessUnit {
  const traits = lengthBytes === 4 ? traitsIn(bytes, traitsOf) : TAKEN_OUT;
  if ((traits & TAKEN_OUT) !== 0) return fromNalUnits(splitLengthPrefixed(bytes, lengthBytes));
  return { data: bytes, isIrap: (traits & IRAP) !== 0, parameterSets: NONE };
}

function traitsOf(firstByte: number): number {
  const type = hevcNalUnitType(firstByte);
  if (type >= HevcNalType.vps && type <= HevcNalType.fillerData) return TAKEN_OUT; // VPS, SPS, PPS, AUD, EOS, EOB, filler
  return isIrapType(type) ? IRAP : 0;
}

function fromNalUnits(nalUnits: readonly Buffer[]): HevcAccessUnit {
  const kept: Buffer[] = [];
  const parameterSets: Buffer[] = [];
  let isIrap = false;
  for (const nalUnit of nalUnits) {
    const traits = traitsOf(nalUnit[0]!);
    if ((traits & TAKEN_OUT) === 0) kept.push(nalUnit);
    else if (isParameterSet(nalUnit)) parameterSets.push(nalUnit);
    if ((traits & IRAP) !== 0) isIrap = true;
  }
  return { data: joinLengthPrefixed(kept), isIrap, parameterSets };
}

/** Sets of further layers have ids of their own and another syntax: the base layer is decoded without them. */
function isParameterSet(nalUnit: Buffer): boolean {
  return hevcNalUnitType(nalUnit[0]!) <= HevcNalType.pps && hevcLayerId(nalUnit) === 0;
}
