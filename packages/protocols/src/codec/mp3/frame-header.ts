// MPEG audio frame header. ISO/IEC 11172-3 §2.4.2.3, low sampling rates of ISO/IEC 13818-3.
import { MalformedError } from '../../bytes/malformed-error.ts';

export interface MpegAudioHeader {
  readonly layer: 1 | 2 | 3;
  readonly sampleRate: number;
  readonly channels: 1 | 2;
  /** Header and payload; 0 in the free format, which does not tell. */
  readonly frameBytes: number;
  readonly samplesPerFrame: number;
}

export const MPEG_AUDIO_HEADER_BYTES = 4;

const MPEG1_FREQUENCIES = [44_100, 48_000, 32_000] as const;
/** Division of the MPEG-1 frequencies by version bits: MPEG-2.5, reserved, MPEG-2, MPEG-1. */
const DIVISORS = [4, 0, 2, 1] as const;
/** kbit/s of bitrate_index, Layer I to III: first of MPEG-1, then of the low sampling rates. */
const BIT_RATES = [
  [
    [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
    [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
    [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  ],
  [
    [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
  ],
] as const;

/** The header at `offset`. The frame itself may end behind `bytes`. Throws MalformedError. */
export function parseMpegAudioHeader(bytes: Buffer, offset = 0): MpegAudioHeader {
  if (bytes.length - offset < MPEG_AUDIO_HEADER_BYTES) throw new MalformedError('MPEG audio header is cut off', offset);
  const header = bytes.readUInt32BE(offset);
  const divisor = DIVISORS[(header >>> 19) & 3]!; // ID
  const layer = 4 - ((header >>> 17) & 3); // layer: 3 is Layer I
  const frequency = MPEG1_FREQUENCIES[(header >>> 10) & 3]; // sampling_frequency
  const bitRate = BIT_RATES[divisor === 1 ? 0 : 1][layer - 1]?.[(header >>> 12) & 0xf]; // bitrate_index
  if (header >>> 21 !== 0x7ff || divisor === 0 || frequency === undefined || bitRate === undefined) {
    throw new MalformedError(`MPEG audio header 0x${header.toString(16)}`, offset); // syncword
  }
  const sampleRate = frequency / divisor;
  const samplesPerFrame = layer === 1 ? 384 : layer === 3 && divisor > 1 ? 576 : 1152;
  const slotBytes = layer === 1 ? 4 : 1;
  const slots = Math.floor(((samplesPerFrame / 8) * bitRate * 1000) / sampleRate / slotBytes);
  const padding = (header >>> 9) & 1; // padding_bit
  return {
    layer: layer as 1 | 2 | 3,
    sampleRate,
    channels: ((header >>> 6) & 3) === 3 ? 1 : 2, // mode: 3 is single_channel
    frameBytes: bitRate === 0 ? 0 : (slots + padding) * slotBytes,
    samplesPerFrame,
  };
}
