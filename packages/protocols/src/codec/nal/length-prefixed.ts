// NAL units behind length fields, as in MP4 and FLV. ISO/IEC 14496-15 §5.3.4.2. Inside this package the fields have 4 bytes.
import { MalformedError } from '../../bytes/malformed-error.ts';

/** NAL units of one access unit, as views of it. `lengthBytes` is lengthSizeMinusOne + 1: 1, 2 or 4. */
export function splitLengthPrefixed(accessUnit: Buffer, lengthBytes: number): Buffer[] {
  const nalUnits: Buffer[] = [];
  let offset = 0;
  while (offset < accessUnit.length) {
    if (offset + lengthBytes > accessUnit.length)
      throw new MalformedError('length field of a NAL unit is cut off', offset);
    const start = offset + lengthBytes;
    const end = start + accessUnit.readUIntBE(offset, lengthBytes);
    if (end > accessUnit.length)
      throw new MalformedError(`NAL unit ends at ${end}, access unit at ${accessUnit.length}`, offset);
    if (end > start) nalUnits.push(accessUnit.subarray(start, end));
    offset = end;
  }
  return nalUnits;
}

/** An access unit of these NAL units, each behind a 4-byte length. */
export function joinLengthPrefixed(nalUnits: readonly Buffer[]): Buffer {
  const sizeBytes = nalUnits.reduce((sum, nalUnit) => sum + 4 + nalUnit.length, 0);
  const accessUnit = Buffer.allocUnsafe(sizeBytes);
  let offset = 0;
  for (const nalUnit of nalUnits) {
    accessUnit.writeUInt32BE(nalUnit.length, offset);
    accessUnit.set(nalUnit, offset + 4);
    offset += 4 + nalUnit.length;
  }
  return accessUnit;
}

/**
 * What stands in an access unit with 4-byte lengths: `traitsOf(firstByte)` of all its NAL units, joined with OR. Allocates nothing, as nearly every
 * access unit is only looked at and passed on.
 */
export function traitsIn(accessUnit: Buffer, traitsOf: (firstByte: number) => number): number {
  let traits = 0;
  let offset = 0;
  while (offset + 4 < accessUnit.length) {
    const sizeBytes = accessUnit.readUInt32BE(offset);
    if (sizeBytes > 0) traits |= traitsOf(accessUnit[offset + 4]!);
    offset += 4 + sizeBytes;
  }
  if (offset !== accessUnit.length)
    throw new MalformedError(`NAL unit ends at ${offset}, access unit at ${accessUnit.length}`, offset);
  return traits;
}
