// VP codec configuration box. VP Codec ISO Media File Format Binding, "VP Codec Configuration Box".
import { MalformedError } from '../../bytes/malformed-error.ts';

export interface Vp9Configuration {
  readonly profile: number;
  /** Ten times the level: 31 is 3.1; 0 when unknown. */
  readonly level: number;
  readonly bitDepth: number;
  /** 0 and 1 are 4:2:0, 2 is 4:2:2, 3 is 4:4:4. */
  readonly chromaSubsampling: number;
}

/** Version 1 and flags of the box, in front of the VPCodecConfigurationRecord. */
export const VPCC_HEADER_BYTES = 4;
const VPCC_HEADER = Buffer.from([1, 0, 0, 0]);
const RECORD_BYTES = 8;

/** `body` is that of the box, from its version on. Throws MalformedError. */
export function parseVp9Configuration(body: Buffer): Vp9Configuration {
  if (body.length < VPCC_HEADER_BYTES + RECORD_BYTES) throw new MalformedError(`vpcC of ${body.length} bytes`);
  if (body[0] !== 1) throw new MalformedError(`version ${body[0]} of vpcC, expected 1`);
  const format = body[6]!; // bitDepth 4, chromaSubsampling 3, videoFullRangeFlag 1
  return {
    profile: body[4]!, // profile
    level: body[5]!, // level
    bitDepth: format >> 4,
    chromaSubsampling: (format >> 1) & 7,
  };
}

/**
 * The body of the box from what an Enhanced RTMP sequence start holds: the record alone, as the standard says and ffmpeg does, or the body
 * already. A record cannot begin like a body: its third byte holds the bit depth. Throws MalformedError.
 */
export function vpccOfRecord(bytes: Buffer): Buffer {
  const body = bytes.subarray(0, VPCC_HEADER_BYTES).equals(VPCC_HEADER) ? bytes : Buffer.concat([VPCC_HEADER, bytes]);
  parseVp9Configuration(body);
  return body;
}
