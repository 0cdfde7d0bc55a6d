// NAL units. ITU-T H.264 §7.3.1, §7.4.1.

/** nal_unit_type, Table 7-1: those that we treat differently from the rest. */
export const NalType = {
  slice: 1,
  idrSlice: 5,
  sei: 6,
  sps: 7,
  pps: 8,
  accessUnitDelimiter: 9,
  endOfSequence: 10,
  fillerData: 12,
  spsExtension: 13,
} as const;

/** nal_unit_type of the NAL unit whose first byte this is. */
export function nalUnitType(firstByte: number): number {
  return firstByte & 0x1f; // forbidden_zero_bit 1, nal_ref_idc 2, nal_unit_type 5
}
