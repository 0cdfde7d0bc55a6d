// Uncompressed header of a key frame. VP9 bitstream specification §6.2, §7.2.
import { BitReader } from '../../bytes/bit-reader.ts';
import { MalformedError } from '../../bytes/malformed-error.ts';

export interface Vp9KeyFrame {
  readonly profile: number;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

const SYNC_CODE = 0x498342;
const RGB = 7;

/** Undefined for every other frame. Throws MalformedError. */
export function parseVp9KeyFrame(frame: Buffer): Vp9KeyFrame | undefined {
  const reader = new BitReader(frame.subarray(0, 32));
  if (reader.bits(2) !== 2) throw new MalformedError('frame_marker of VP9 is not 2');
  const profile = reader.bits(1) + 2 * reader.bits(1); // profile_low_bit, profile_high_bit
  if (profile === 3) reader.skip(1); // reserved_zero
  if (reader.flag()) return undefined; // show_existing_frame
  if (reader.flag()) return undefined; // frame_type: 1 is NON_KEY_FRAME
  reader.skip(1 + 1); // show_frame, error_resilient_mode
  if (reader.bits(24) !== SYNC_CODE) throw new MalformedError('frame_sync_code of VP9 is missing'); // frame_sync_code
  skipColor(reader, profile);
  const width = reader.bits(16) + 1; // frame_width_minus_1
  return { profile, width, height: reader.bits(16) + 1 }; // frame_height_minus_1
}

/** color_config(), §6.2.2. */
function skipColor(reader: BitReader, profile: number): void {
  if (profile >= 2) reader.skip(1); // ten_or_twelve_bit
  const isRgb = reader.bits(3) === RGB; // color_space
  if (!isRgb) reader.skip(1); // color_range
  if (profile === 1 || profile === 3) reader.skip(isRgb ? 1 : 3); // subsampling_x, subsampling_y, reserved_zero
}
