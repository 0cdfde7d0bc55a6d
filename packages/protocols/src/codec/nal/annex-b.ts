// Byte stream format: NAL units between start codes. ITU-T H.264 Annex B, H.265 Annex B.

const START_CODE = Buffer.from([0, 0, 0, 1]); // zero_byte, start_code_prefix_one_3bytes
const START_CODE_PREFIX = START_CODE.subarray(1);

/**
 * NAL units of a byte stream, as views of it, without start codes and trailing zeros. Bytes before the first start code are no NAL
 * unit and are left out.
 */
export function splitAnnexB(stream: Buffer): Buffer[] {
  const nalUnits: Buffer[] = [];
  let prefix = stream.indexOf(START_CODE_PREFIX);
  while (prefix !== -1) {
    const start = prefix + START_CODE_PREFIX.length;
    prefix = stream.indexOf(START_CODE_PREFIX, start);
    addNalUnit(nalUnits, stream, start, prefix === -1 ? stream.length : prefix);
  }
  return nalUnits;
}

function addNalUnit(nalUnits: Buffer[], stream: Buffer, start: number, end: number): void {
  let last = end;
  while (last > start && stream[last - 1] === 0) last -= 1; // trailing_zero_8bits, or the zero_byte of the next start code
  if (last > start) nalUnits.push(stream.subarray(start, last));
}

/** A byte stream of these NAL units, each behind a 4-byte start code. */
export function joinAnnexB(nalUnits: readonly Buffer[]): Buffer {
  return Buffer.concat(nalUnits.flatMap((nalUnit) => [START_CODE, nalUnit]));
}
