// Sequence header OBU. AV1 specification §5.5.
import { BitReader } from '../../bytes/bit-reader.ts';
import { MalformedError } from '../../bytes/malformed-error.ts';
import { ObuType, obus } from './obu.ts';

export interface SequenceHeader {
  /** seq_profile: 0 Main, 1 High, 2 Professional. */
  readonly profile: number;
  /** seq_level_idx of the first operating point: 4 is 3.0, 31 has no limits. */
  readonly level: number;
  /** seq_tier of the first operating point. */
  readonly tier: 'main' | 'high';
  readonly bitDepth: 8 | 10 | 12;
  readonly isMonochrome: boolean;
  /** 1 when there is one chroma sample for two of luma in this direction. */
  readonly subsamplingX: 0 | 1;
  readonly subsamplingY: 0 | 1;
  readonly chromaSamplePosition: number;
  /** Largest size of a frame in pixels. */
  readonly width: number;
  readonly height: number;
  /** Frames per second when the timing says that all last equally long; else 0. */
  readonly frameRate: number;
  /** One still picture without frame types. */
  readonly isReducedStillPicture: boolean;
}

/** `obu` is the whole OBU with its header. Throws MalformedError. */
export function parseSequenceHeader(obu: Buffer): SequenceHeader {
  const first = obus(obu).next().value;
  if (first === undefined || first.type !== ObuType.sequenceHeader) throw new MalformedError('not a sequence header');
  const reader = new BitReader(first.payload);
  const profile = reader.bits(3); // seq_profile
  if (profile > 2) throw new MalformedError(`seq_profile ${profile} is reserved`);
  reader.skip(1); // still_picture
  const isReducedStillPicture = reader.flag(); // reduced_still_picture_header
  const point = isReducedStillPicture ? readReducedPoint(reader) : readOperatingPoints(reader);
  const size = readSize(reader);
  skipTools(reader, isReducedStillPicture);
  return { profile, isReducedStillPicture, ...point, ...size, ...readColor(reader, profile) };
}

type OperatingPoint = Pick<SequenceHeader, 'level' | 'tier' | 'frameRate'>;

function readReducedPoint(reader: BitReader): OperatingPoint {
  return { level: reader.bits(5), tier: 'main', frameRate: 0 }; // seq_level_idx[0]
}

function readOperatingPoints(reader: BitReader): OperatingPoint {
  const hasTiming = reader.flag(); // timing_info_present_flag
  const frameRate = hasTiming ? readFrameRate(reader) : 0;
  const delayBits = hasTiming && reader.flag() ? readDecoderModel(reader) : 0; // decoder_model_info_present_flag
  const hasDisplayDelay = reader.flag(); // initial_display_delay_present_flag
  const count = reader.bits(5) + 1; // operating_points_cnt_minus_1
  let first: Pick<OperatingPoint, 'level' | 'tier'> | undefined;
  for (let point = 0; point < count; point++) {
    reader.skip(12); // operating_point_idc
    const level = reader.bits(5); // seq_level_idx
    const tier = level > 7 && reader.flag() ? 'high' : 'main'; // seq_tier
    first ??= { level, tier };
    if (delayBits > 0 && reader.flag()) reader.skip(2 * delayBits + 1); // decoder_model_present_for_this_op, operating_parameters_info
    if (hasDisplayDelay && reader.flag()) reader.skip(4); // initial_display_delay_minus_1
  }
  return { ...first!, frameRate };
}

/** timing_info(), §5.5.3. */
function readFrameRate(reader: BitReader): number {
  const unitsInTick = reader.bits(32); // num_units_in_display_tick
  const timeScale = reader.bits(32); // time_scale
  if (!reader.flag()) return 0; // equal_picture_interval
  const ticksPerPicture = reader.ue() + 1; // num_ticks_per_picture_minus_1, uvlc() is the code of ue(v)
  return unitsInTick > 0 ? timeScale / (unitsInTick * ticksPerPicture) : 0;
}

/** Bits of a buffer delay, decoder_model_info() §5.5.4. */
function readDecoderModel(reader: BitReader): number {
  const delayBits = reader.bits(5) + 1; // buffer_delay_length_minus_1
  reader.skip(32 + 5 + 5); // num_units_in_decoding_tick, buffer_removal_time_length_minus_1, frame_presentation_time_length_minus_1
  return delayBits;
}

function readSize(reader: BitReader): Pick<SequenceHeader, 'width' | 'height'> {
  const widthBits = reader.bits(4) + 1; // frame_width_bits_minus_1
  const heightBits = reader.bits(4) + 1; // frame_height_bits_minus_1
  const width = reader.bits(widthBits) + 1; // max_frame_width_minus_1
  return { width, height: reader.bits(heightBits) + 1 }; // max_frame_height_minus_1
}

function skipTools(reader: BitReader, isReducedStillPicture: boolean): void {
  if (!isReducedStillPicture && reader.flag()) reader.skip(4 + 3); // frame_id_numbers_present_flag, delta_frame_id_length_minus_2, additional_frame_id_length_minus_1
  reader.skip(3); // use_128x128_superblock, enable_filter_intra, enable_intra_edge_filter
  if (!isReducedStillPicture) skipInterTools(reader);
  reader.skip(3); // enable_superres, enable_cdef, enable_restoration
}

function skipInterTools(reader: BitReader): void {
  reader.skip(4); // enable_interintra_compound, enable_masked_compound, enable_warped_motion, enable_dual_filter
  const hasOrderHint = reader.flag(); // enable_order_hint
  if (hasOrderHint) reader.skip(2); // enable_jnt_comp, enable_ref_frame_mvs
  const forcesScreenContent = reader.flag() || reader.flag(); // seq_choose_screen_content_tools, seq_force_screen_content_tools
  if (forcesScreenContent && !reader.flag()) reader.skip(1); // seq_choose_integer_mv, seq_force_integer_mv
  if (hasOrderHint) reader.skip(3); // order_hint_bits_minus_1
}

type Color = Pick<
  SequenceHeader,
  'bitDepth' | 'isMonochrome' | 'subsamplingX' | 'subsamplingY' | 'chromaSamplePosition'
>;

/** color_primaries BT.709, transfer_characteristics sRGB, matrix_coefficients identity: 4:4:4 without more words. */
const SRGB = 0x01_0d_00;

/** color_config(), §5.5.2. */
function readColor(reader: BitReader, profile: number): Color {
  const highBitDepth = reader.flag(); // high_bitdepth
  const twelveBit = profile === 2 && highBitDepth && reader.flag(); // twelve_bit
  const bitDepth = twelveBit ? 12 : highBitDepth ? 10 : 8;
  const isMonochrome = profile !== 1 && reader.flag(); // mono_chrome
  const description = reader.flag() ? reader.bits(24) : undefined; // color_description_present_flag, color_primaries to matrix_coefficients
  if (isMonochrome) return { bitDepth, isMonochrome, subsamplingX: 1, subsamplingY: 1, chromaSamplePosition: 0 };
  if (description === SRGB)
    return { bitDepth, isMonochrome, subsamplingX: 0, subsamplingY: 0, chromaSamplePosition: 0 };
  reader.skip(1); // color_range
  const [subsamplingX, subsamplingY] = readSubsampling(reader, profile, bitDepth);
  const chromaSamplePosition = subsamplingX === 1 && subsamplingY === 1 ? reader.bits(2) : 0; // chroma_sample_position
  return { bitDepth, isMonochrome, subsamplingX, subsamplingY, chromaSamplePosition };
}

function readSubsampling(reader: BitReader, profile: number, bitDepth: number): readonly [0 | 1, 0 | 1] {
  if (profile === 0) return [1, 1];
  if (profile === 1) return [0, 0];
  if (bitDepth < 12) return [1, 0];
  if (!reader.flag()) return [0, 0]; // subsampling_x
  return [1, reader.flag() ? 1 : 0]; // subsampling_y
}
