// Frame header. RFC 9639 §9.1.
import { MalformedError } from '../../bytes/malformed-error.ts';

/** Samples of a frame. Throws MalformedError. */
export function flacFrameSamples(frame: Buffer): number {
  if (frame.length < 6 || (frame.readUInt16BE(0) & 0xfffe) !== 0xfff8) throw new MalformedError('FLAC frame sync code');
  const code = frame[2]! >> 4; // block size bits
  if (code === 0) throw new MalformedError('FLAC block size 0 is reserved', 2);
  if (code === 1) return 192;
  if (code <= 5) return 144 << code;
  if (code >= 8) return 1 << code;
  const at = 4 + codedNumberBytes(frame[4]!); // uncommon block size minus 1
  const sizeBytes = code - 5;
  if (at + sizeBytes > frame.length) throw new MalformedError('FLAC frame header is cut off', at);
  return frame.readUIntBE(at, sizeBytes) + 1;
}

/** Bytes of the frame or sample number, in the manner of UTF-8. */
function codedNumberBytes(first: number): number {
  const ones = Math.clz32(~(first << 24));
  return ones === 0 ? 1 : ones;
}
