/**
 * RBSP of a NAL unit: without its header of `headerBytes` (1 in H.264, 2 in HEVC) and the emulation prevention bytes. ITU-T H.264 §7.4.1.1,
 * H.265 §7.4.2.1.
 */
export function rbspOf(nalUnit: Buffer, headerBytes: number): Buffer {
  const rbsp = Buffer.allocUnsafe(nalUnit.length);
  let size = 0;
  let zeros = 0;
  for (const byte of nalUnit.subarray(headerBytes)) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0; // emulation_prevention_three_byte
      continue;
    }
    rbsp[size++] = byte;
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return rbsp.subarray(0, size);
}
