// MPEG audio frame header. ISO/IEC 11172-3 §2.4.2.3, low sampling rates of ISO/IEC 13818-3.
import { MalformedError } from '../../bytes/malformed-error.ts';

export interface MpegAudioHeader {
  readonly layer: 1 | 2 | 3;
  readonly sampleRate: number;
  readonly channels: 1 | 2;
}

const MPEG1_FREQUENCIES = [44_100, 48_000, 32_000] as const;
/** Division of the MPEG-1 frequencies by version bits: MPEG-2.5, reserved, MPEG-2, MPEG-1. */
const DIVISORS = [4, 0, 2, 1] as const;

/** The header at the start of `frame`. Throws MalformedError. */
export function parseMpegAudioHeader(frame: Buffer): MpegAudioHeader {
  if (frame.length < 4) throw new MalformedError('MPEG audio header is cut off');
  const header = frame.readUInt32BE(0);
  const divisor = DIVISORS[(header >>> 19) & 3]!; // ID
  const layer = 4 - ((header >>> 17) & 3); // layer: 3 is Layer I
  const frequency = MPEG1_FREQUENCIES[(header >>> 10) & 3]; // sampling_frequency
  if (header >>> 21 !== 0x7ff || divisor === 0 || layer === 4 || frequency === undefined) {
    throw new MalformedError(`MPEG audio header 0x${header.toString(16)}`); // syncword
  }
  const channels = ((header >>> 6) & 3) === 3 ? 1 : 2; // mode: 3 is single_channel
  return { layer: layer as 1 | 2 | 3, sampleRate: frequency / divisor, channels };
}
