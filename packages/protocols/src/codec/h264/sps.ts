// Sequence parameter set. ITU-T H.264 §7.3.2.1.1; VUI in Annex E.1.1.
import { BitReader } from '../../bytes/bit-reader.ts';
import { MalformedError } from '../../bytes/malformed-error.ts';
import { rbspOf } from '../nal/rbsp.ts';
import { NalType, nalUnitType } from './nal-unit.ts';

export interface Sps {
  /** profile_idc, e.g. 100 for High. */
  readonly profile: number;
  /** The byte with constraint_set0_flag in its highest bit. */
  readonly compatibility: number;
  /** level_idc, e.g. 31 for 3.1. */
  readonly level: number;
  readonly id: number;
  /** chroma_format_idc: 1 is 4:2:0. */
  readonly chromaFormat: number;
  readonly bitDepthLuma: number;
  readonly bitDepthChroma: number;
  /** Pixels after cropping. */
  readonly width: number;
  readonly height: number;
  /** frame_mbs_only_flag: no picture is coded as two fields. */
  readonly framesOnly: boolean;
  /** Frames per second of the VUI timing; 0 when it has none. */
  readonly frameRate: number;
  /** Most frames that are decoded before one that is shown earlier, max_num_reorder_frames; undefined when the VUI does not say. */
  readonly maxReorderFrames: number | undefined;
}

/** Profiles that carry chroma format, bit depths and scaling lists. */
const HIGH_PROFILES = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);

/** `nalUnit` with its header byte. Throws MalformedError. */
export function parseSps(nalUnit: Buffer): Sps {
  if (nalUnit.length < 4 || nalUnitType(nalUnit[0]!) !== NalType.sps) throw new MalformedError('not an SPS');
  const reader = new BitReader(rbspOf(nalUnit, 1));
  const profile = reader.bits(8); // profile_idc
  const compatibility = reader.bits(8); // constraint_set0..5_flag, reserved_zero_2bits
  const level = reader.bits(8); // level_idc
  const id = reader.ue(); // seq_parameter_set_id
  const format = HIGH_PROFILES.has(profile)
    ? readFormat(reader)
    : { chromaFormat: 1, bitDepthLuma: 8, bitDepthChroma: 8 };
  skipPictureOrder(reader);
  const size = readSize(reader, format.chromaFormat);
  const hasVui = reader.flag(); // vui_parameters_present_flag
  const frameRate = hasVui ? readFrameRate(reader) : 0;
  const maxReorderFrames = hasVui ? readReorderFrames(reader) : undefined;
  return { profile, compatibility, level, id, ...format, ...size, frameRate, maxReorderFrames };
}

function readFormat(reader: BitReader): Pick<Sps, 'chromaFormat' | 'bitDepthLuma' | 'bitDepthChroma'> {
  const chromaFormat = reader.ue(); // chroma_format_idc
  if (chromaFormat > 3) throw new MalformedError(`chroma_format_idc ${chromaFormat} of SPS, expected 0 to 3`);
  if (chromaFormat === 3) reader.skip(1); // separate_colour_plane_flag
  const bitDepthLuma = 8 + reader.ue(); // bit_depth_luma_minus8
  const bitDepthChroma = 8 + reader.ue(); // bit_depth_chroma_minus8
  if (bitDepthLuma > 14 || bitDepthChroma > 14) throw new MalformedError('bit depth of SPS over 14');
  reader.skip(1); // qpprime_y_zero_transform_bypass_flag
  if (reader.flag()) skipScalingLists(reader, chromaFormat === 3 ? 12 : 8); // seq_scaling_matrix_present_flag
  return { chromaFormat, bitDepthLuma, bitDepthChroma };
}

function skipScalingLists(reader: BitReader, count: number): void {
  for (let list = 0; list < count; list++) {
    if (!reader.flag()) continue; // seq_scaling_list_present_flag
    let last = 8;
    for (let left = list < 6 ? 16 : 64; left > 0 && last !== 0; left--) {
      last = (last + reader.se() + 256) & 0xff; // delta_scale; 0 repeats the value before to the end
    }
  }
}

function skipPictureOrder(reader: BitReader): void {
  reader.ue(); // log2_max_frame_num_minus4
  const type = reader.ue(); // pic_order_cnt_type
  if (type === 0) {
    reader.ue(); // log2_max_pic_order_cnt_lsb_minus4
  } else if (type === 1) {
    reader.skip(1); // delta_pic_order_always_zero_flag
    reader.se(); // offset_for_non_ref_pic
    reader.se(); // offset_for_top_to_bottom_field
    const cycle = reader.ue(); // num_ref_frames_in_pic_order_cnt_cycle
    for (let index = 0; index < cycle; index++) reader.se(); // offset_for_ref_frame
  }
  reader.ue(); // max_num_ref_frames
  reader.skip(1); // gaps_in_frame_num_value_allowed_flag
}

function readSize(reader: BitReader, chromaFormat: number): Pick<Sps, 'width' | 'height' | 'framesOnly'> {
  const widthInMbs = reader.ue() + 1; // pic_width_in_mbs_minus1
  const heightInMapUnits = reader.ue() + 1; // pic_height_in_map_units_minus1
  const framesOnly = reader.flag(); // frame_mbs_only_flag
  const fieldsPerMapUnit = framesOnly ? 1 : 2;
  if (!framesOnly) reader.skip(1); // mb_adaptive_frame_field_flag
  reader.skip(1); // direct_8x8_inference_flag
  const cropped = reader.flag(); // frame_cropping_flag
  const [left, right, top, bottom] = cropped ? [reader.ue(), reader.ue(), reader.ue(), reader.ue()] : [0, 0, 0, 0];
  const cropUnitX = chromaFormat === 1 || chromaFormat === 2 ? 2 : 1; // CropUnitX, §7.4.2.1.1
  const cropUnitY = (chromaFormat === 1 ? 2 : 1) * fieldsPerMapUnit; // CropUnitY
  const width = widthInMbs * 16 - cropUnitX * (left + right);
  const height = heightInMapUnits * 16 * fieldsPerMapUnit - cropUnitY * (top + bottom);
  if (width <= 0 || height <= 0) throw new MalformedError(`picture size ${width}x${height} of SPS`);
  return { width, height, framesOnly };
}

const EXTENDED_SAR = 255;

function readFrameRate(reader: BitReader): number {
  if (reader.flag() && reader.bits(8) === EXTENDED_SAR) reader.skip(32); // aspect_ratio_idc, sar_width, sar_height
  if (reader.flag()) reader.skip(1); // overscan_appropriate_flag
  if (reader.flag()) {
    reader.skip(3 + 1); // video_format, video_full_range_flag
    if (reader.flag()) reader.skip(24); // colour_primaries, transfer_characteristics, matrix_coefficients
  }
  if (reader.flag()) {
    reader.ue(); // chroma_sample_loc_type_top_field
    reader.ue(); // chroma_sample_loc_type_bottom_field
  }
  if (!reader.flag()) return 0; // timing_info_present_flag
  const unitsInTick = reader.bits(32); // num_units_in_tick
  const timeScale = reader.bits(32); // time_scale
  if (reader.remaining > 0) reader.skip(1); // fixed_frame_rate_flag
  const frameRate = unitsInTick > 0 ? timeScale / (2 * unitsInTick) : 0; // a tick is a field
  return frameRate <= 1000 ? frameRate : 0; // encoders with variable rate put a clock rate here
}

/** The VUI behind the timing. Some encoders cut it short, and players do not mind. */
function readReorderFrames(reader: BitReader): number | undefined {
  try {
    const hasNalHrd = reader.flag(); // nal_hrd_parameters_present_flag
    if (hasNalHrd) skipHrd(reader);
    const hasVclHrd = reader.flag(); // vcl_hrd_parameters_present_flag
    if (hasVclHrd) skipHrd(reader);
    if (hasNalHrd || hasVclHrd) reader.skip(1); // low_delay_hrd_flag
    reader.skip(1); // pic_struct_present_flag
    if (!reader.flag()) return undefined; // bitstream_restriction_flag
    reader.skip(1); // motion_vectors_over_pic_boundaries_flag
    reader.ue(); // max_bytes_per_pic_denom
    reader.ue(); // max_bits_per_mb_denom
    reader.ue(); // log2_max_mv_length_horizontal
    reader.ue(); // log2_max_mv_length_vertical
    const frames = reader.ue(); // max_num_reorder_frames
    return frames <= 16 ? frames : undefined; // MaxDpbFrames
  } catch (error) {
    if (error instanceof MalformedError) return undefined;
    throw error;
  }
}

/** hrd_parameters(), Annex E.1.2. */
function skipHrd(reader: BitReader): void {
  const count = reader.ue() + 1; // cpb_cnt_minus1
  reader.skip(4 + 4); // bit_rate_scale, cpb_size_scale
  for (let index = 0; index < count; index++) {
    reader.ue(); // bit_rate_value_minus1
    reader.ue(); // cpb_size_value_minus1
    reader.skip(1); // cbr_flag
  }
  reader.skip(5 + 5 + 5 + 5); // initial_cpb_removal_delay_length_minus1 and three more lengths
}
