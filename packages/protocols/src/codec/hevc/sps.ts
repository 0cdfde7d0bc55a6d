// Sequence parameter set. ITU-T H.265 §7.3.2.2; profile_tier_level §7.3.3, st_ref_pic_set §7.3.7, VUI Annex E.2.1.
import { BitReader } from '../../bytes/bit-reader.ts';
import { MalformedError } from '../../bytes/malformed-error.ts';
import { rbspOf } from '../nal/rbsp.ts';
import { HEVC_NAL_HEADER_BYTES, HevcNalType, hevcNalUnitType } from './nal-unit.ts';

export interface HevcSps {
  /** general_profile_space to general_level_idc, 12 bytes as they also stand in hvcC. */
  readonly profileTierLevel: Buffer;
  /** general_profile_idc: 1 is Main, 2 Main 10. */
  readonly profile: number;
  readonly tier: 'main' | 'high';
  /** general_level_idc, 30 times the level: 93 is 3.1. */
  readonly level: number;
  readonly id: number;
  /** Temporal sub-layers, 1 to 7. */
  readonly temporalLayers: number;
  readonly temporalIdNested: boolean;
  /** chroma_format_idc: 1 is 4:2:0. */
  readonly chromaFormat: number;
  readonly bitDepthLuma: number;
  readonly bitDepthChroma: number;
  /** Pixels inside the conformance window. */
  readonly width: number;
  readonly height: number;
  /** Frames per second of the VUI timing; 0 when it has none. */
  readonly frameRate: number;
  /** Most pictures that are decoded before one that is shown earlier, sps_max_num_reorder_pics of all layers. */
  readonly maxReorderFrames: number;
}

const PROFILE_TIER_LEVEL_BYTES = 12;

/** `nalUnit` with its header. Throws MalformedError. */
export function parseHevcSps(nalUnit: Buffer): HevcSps {
  if (nalUnit.length < 3 || hevcNalUnitType(nalUnit[0]!) !== HevcNalType.sps) throw new MalformedError('not an SPS');
  const rbsp = rbspOf(nalUnit, HEVC_NAL_HEADER_BYTES);
  const reader = new BitReader(rbsp);
  reader.skip(4); // sps_video_parameter_set_id
  const temporalLayers = reader.bits(3) + 1; // sps_max_sub_layers_minus1
  const temporalIdNested = reader.flag(); // sps_temporal_id_nesting_flag
  skipProfileTierLevel(reader, temporalLayers);
  const profileTierLevel = rbsp.subarray(1, 1 + PROFILE_TIER_LEVEL_BYTES);
  const id = reader.ue(); // sps_seq_parameter_set_id
  const size = readSize(reader);
  const bitDepthLuma = 8 + reader.ue(); // bit_depth_luma_minus8
  const bitDepthChroma = 8 + reader.ue(); // bit_depth_chroma_minus8
  if (bitDepthLuma > 15 || bitDepthChroma > 15) throw new MalformedError('bit depth of SPS over 15');
  const pictureOrderBits = reader.ue() + 4; // log2_max_pic_order_cnt_lsb_minus4
  if (pictureOrderBits > 16) throw new MalformedError(`picture order count of ${pictureOrderBits} bits in SPS`);
  const maxReorderFrames = readReorderFrames(reader, temporalLayers);
  return {
    profileTierLevel,
    profile: profileTierLevel[0]! & 0x1f, // general_profile_space 2, general_tier_flag 1, general_profile_idc 5
    tier: (profileTierLevel[0]! & 0x20) === 0 ? 'main' : 'high',
    level: profileTierLevel[11]!, // general_level_idc
    id,
    temporalLayers,
    temporalIdNested,
    ...size,
    bitDepthLuma,
    bitDepthChroma,
    maxReorderFrames,
    frameRate: frameRateBehind(reader, pictureOrderBits),
  };
}

function skipProfileTierLevel(reader: BitReader, temporalLayers: number): void {
  reader.skip(8 * PROFILE_TIER_LEVEL_BYTES);
  if (temporalLayers === 1) return;
  let layerBits = 0;
  for (let layer = 1; layer < temporalLayers; layer++) {
    if (reader.flag()) layerBits += 88; // sub_layer_profile_present_flag
    if (reader.flag()) layerBits += 8; // sub_layer_level_present_flag
  }
  reader.skip(2 * (9 - temporalLayers)); // reserved_zero_2bits
  reader.skip(layerBits);
}

function readSize(reader: BitReader): Pick<HevcSps, 'chromaFormat' | 'width' | 'height'> {
  const chromaFormat = reader.ue(); // chroma_format_idc
  if (chromaFormat > 3) throw new MalformedError(`chroma_format_idc ${chromaFormat} of SPS, expected 0 to 3`);
  const separatePlanes = chromaFormat === 3 && reader.flag(); // separate_colour_plane_flag
  const codedWidth = reader.ue(); // pic_width_in_luma_samples
  const codedHeight = reader.ue(); // pic_height_in_luma_samples
  const cropped = reader.flag(); // conformance_window_flag
  const [left, right, top, bottom] = cropped ? [reader.ue(), reader.ue(), reader.ue(), reader.ue()] : [0, 0, 0, 0];
  const unitX = !separatePlanes && (chromaFormat === 1 || chromaFormat === 2) ? 2 : 1; // SubWidthC
  const unitY = chromaFormat === 1 ? 2 : 1; // SubHeightC
  const width = codedWidth - unitX * (left + right);
  const height = codedHeight - unitY * (top + bottom);
  if (width <= 0 || height <= 0) throw new MalformedError(`picture size ${width}x${height} of SPS`);
  return { chromaFormat, width, height };
}

function readReorderFrames(reader: BitReader, temporalLayers: number): number {
  const layers = reader.flag() ? temporalLayers : 1; // sps_sub_layer_ordering_info_present_flag
  let maxReorderFrames = 0;
  for (let layer = 0; layer < layers; layer++) {
    reader.ue(); // sps_max_dec_pic_buffering_minus1
    maxReorderFrames = reader.ue(); // sps_max_num_reorder_pics
    reader.ue(); // sps_max_latency_increase_plus1
  }
  if (maxReorderFrames > 16) throw new MalformedError(`sps_max_num_reorder_pics ${maxReorderFrames}`); // MaxDpbSize
  return maxReorderFrames;
}

/** The timing far behind what a player must know: an SPS that is cut off before it has none. */
function frameRateBehind(reader: BitReader, pictureOrderBits: number): number {
  try {
    skipCodingTools(reader, pictureOrderBits);
    return reader.flag() ? readVuiFrameRate(reader) : 0; // vui_parameters_present_flag
  } catch (error) {
    if (error instanceof MalformedError) return 0;
    throw error;
  }
}

function skipCodingTools(reader: BitReader, pictureOrderBits: number): void {
  for (let size = 0; size < 6; size++) reader.ue(); // log2_min_luma_coding_block_size_minus3 to max_transform_hierarchy_depth_intra
  if (reader.flag() && reader.flag()) skipScalingLists(reader); // scaling_list_enabled_flag, sps_scaling_list_data_present_flag
  reader.skip(1 + 1); // amp_enabled_flag, sample_adaptive_offset_enabled_flag
  if (reader.flag()) {
    reader.skip(4 + 4); // pcm_sample_bit_depth_luma_minus1, pcm_sample_bit_depth_chroma_minus1
    reader.ue(); // log2_min_pcm_luma_coding_block_size_minus3
    reader.ue(); // log2_diff_max_min_pcm_luma_coding_block_size
    reader.skip(1); // pcm_loop_filter_disabled_flag
  }
  skipShortTermSets(reader);
  if (reader.flag()) {
    const count = reader.ue(); // num_long_term_ref_pics_sps
    for (let index = 0; index < count; index++) reader.skip(pictureOrderBits + 1); // lt_ref_pic_poc_lsb_sps, used_by_curr_pic_lt_sps_flag
  }
  reader.skip(1 + 1); // sps_temporal_mvp_enabled_flag, strong_intra_smoothing_enabled_flag
}

/** scaling_list_data(), §7.3.4. */
function skipScalingLists(reader: BitReader): void {
  for (let sizeId = 0; sizeId < 4; sizeId++) {
    const coefficients = Math.min(64, 16 << (2 * sizeId));
    for (let matrix = 0; matrix < 6; matrix += sizeId === 3 ? 3 : 1) {
      if (!reader.flag()) {
        reader.ue(); // scaling_list_pred_matrix_id_delta
        continue;
      }
      if (sizeId > 1) reader.se(); // scaling_list_dc_coef_minus8
      for (let index = 0; index < coefficients; index++) reader.se(); // scaling_list_delta_coef
    }
  }
}

function skipShortTermSets(reader: BitReader): void {
  const count = reader.ue(); // num_short_term_ref_pic_sets
  if (count > 64) throw new MalformedError(`num_short_term_ref_pic_sets ${count}`);
  let pictures = 0; // NumDeltaPocs of the set before
  for (let set = 0; set < count; set++) {
    const predicted = set > 0 && reader.flag(); // inter_ref_pic_set_prediction_flag
    pictures = predicted ? readPredictedSet(reader, pictures) : readOwnSet(reader);
  }
}

/** NumDeltaPocs of a set that is told by its difference from one of `pictures`. */
function readPredictedSet(reader: BitReader, pictures: number): number {
  reader.skip(1); // delta_rps_sign
  reader.ue(); // abs_delta_rps_minus1
  let kept = 0;
  for (let index = 0; index <= pictures; index++) {
    if (reader.flag() || reader.flag()) kept += 1; // used_by_curr_pic_flag, use_delta_flag
  }
  return kept;
}

function readOwnSet(reader: BitReader): number {
  const pictures = reader.ue() + reader.ue(); // num_negative_pics, num_positive_pics
  for (let index = 0; index < pictures; index++) {
    reader.ue(); // delta_poc_s0_minus1, delta_poc_s1_minus1
    reader.skip(1); // used_by_curr_pic_s0_flag, used_by_curr_pic_s1_flag
  }
  return pictures;
}

const EXTENDED_SAR = 255;

function readVuiFrameRate(reader: BitReader): number {
  if (reader.flag() && reader.bits(8) === EXTENDED_SAR) reader.skip(32); // aspect_ratio_idc, sar_width, sar_height
  if (reader.flag()) reader.skip(1); // overscan_appropriate_flag
  if (reader.flag()) {
    reader.skip(3 + 1); // video_format, video_full_range_flag
    if (reader.flag()) reader.skip(24); // colour_primaries, transfer_characteristics, matrix_coeffs
  }
  if (reader.flag()) {
    reader.ue(); // chroma_sample_loc_type_top_field
    reader.ue(); // chroma_sample_loc_type_bottom_field
  }
  reader.skip(1 + 1 + 1); // neutral_chroma_indication_flag, field_seq_flag, frame_field_info_present_flag
  if (reader.flag()) for (let side = 0; side < 4; side++) reader.ue(); // def_disp_win_left_offset to bottom_offset
  if (!reader.flag()) return 0; // vui_timing_info_present_flag
  const unitsInTick = reader.bits(32); // vui_num_units_in_tick
  const timeScale = reader.bits(32); // vui_time_scale
  const frameRate = unitsInTick > 0 ? timeScale / unitsInTick : 0;
  return frameRate <= 1000 ? frameRate : 0; // encoders with variable rate put a clock rate here
}
