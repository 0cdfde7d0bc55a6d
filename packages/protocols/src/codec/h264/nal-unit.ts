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

/** RBSP of a NAL unit: without its header byte and the emulation prevention bytes, §7.4.1.1. */
export function rbspOf(nalUnit: Buffer): Buffer {
  const rbsp = Buffer.allocUnsafe(nalUnit.length);
  let size = 0;
  let zeros = 0;
  for (const byte of nalUnit.subarray(1)) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0; // emulation_prevention_three_byte
      continue;
    }
    rbsp[size++] = byte;
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return rbsp.subarray(0, size);
}
