// NAL units. ITU-T H.265 §7.3.1, §7.4.2.

/** nal_unit_type, Table 7-1: those that we treat differently from the rest. */
export const HevcNalType = {
  /** BLA_W_LP: the first of the intra random access points. */
  firstIrap: 16,
  idrWithLeading: 19,
  idrWithoutLeading: 20,
  cra: 21,
  vps: 32,
  sps: 33,
  pps: 34,
  accessUnitDelimiter: 35,
  endOfSequence: 36,
  endOfBitstream: 37,
  fillerData: 38,
  prefixSei: 39,
  suffixSei: 40,
} as const;

export const HEVC_NAL_HEADER_BYTES = 2;

/** nal_unit_type of the NAL unit whose first byte this is. */
export function hevcNalUnitType(firstByte: number): number {
  return (firstByte >> 1) & 0x3f; // forbidden_zero_bit 1, nal_unit_type 6, nuh_layer_id 6, nuh_temporal_id_plus1 3
}

/** nuh_layer_id: 0 is the base layer, the only one that a decoder of version 1 shows. */
export function hevcLayerId(nalUnit: Buffer): number {
  return ((nalUnit[0]! & 1) << 5) | ((nalUnit[1] ?? 0) >> 3);
}

/** A picture at which decoding may start: BLA, IDR or CRA. Types 22 and 23 are reserved. */
export function isIrapType(type: number): boolean {
  return type >= HevcNalType.firstIrap && type <= HevcNalType.cra;
}
