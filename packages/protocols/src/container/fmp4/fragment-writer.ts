// Movie fragments: moof and mdat of one track. ISO/IEC 14496-12 §8.8; a CMAF chunk of ISO/IEC 23000-19 §7.3.2.3 in one piece.
import type { SlabWriter } from '../../bytes/slab-writer.ts';
import { BOX_HEADER_BYTES, fourCc } from './box.ts';
import { SampleFlags } from './init-segment.ts';

/** One sample as the fragment tells it, in ticks of the media timescale. */
export interface FragmentSample {
  durationTicks: number;
  compositionOffsetTicks: number;
  isSync: boolean;
  data: Buffer;
}

const MFHD_BYTES = 16;
const TFHD_BYTES = 16;
const TFDT_BYTES = 20;
const TRUN_BYTES = 20;
const TRAF_BYTES = BOX_HEADER_BYTES + TFHD_BYTES + TFDT_BYTES + TRUN_BYTES;
const MOOF_BYTES = BOX_HEADER_BYTES + MFHD_BYTES + TRAF_BYTES;

const DEFAULT_BASE_IS_MOOF = 0x020000;
const TRUN_DATA_OFFSET = 0x000001;
const TRUN_DURATION_AND_SIZE = 0x000100 | 0x000200;
const TRUN_FLAGS_AND_COMPOSITION = 0x000400 | 0x000800;

/** Types and constant words, so that none is looked up for each fragment. */
const MOOF = fourCc('moof');
const MFHD = fourCc('mfhd');
const TRAF = fourCc('traf');
const TFHD = fourCc('tfhd');
const TFDT = fourCc('tfdt');
const TRUN = fourCc('trun');
const MDAT = fourCc('mdat');
const VERSION_1 = 0x01000000;

export interface Fragment {
  readonly sequenceNumber: number;
  readonly trackId: number;
  /** Decode time of the first sample. */
  readonly timeTicks: number;
  /** Flags and composition offset of each sample are written; without them all are sync samples and shown when decoded. */
  readonly isVideo: boolean;
  /** Of which the first `count` belong to the fragment. */
  readonly samples: readonly FragmentSample[];
  readonly count: number;
}

/** Writes one fragment. Its samples follow one another without a gap. Allocates nothing but room. */
export function writeFragment(writer: SlabWriter, fragment: Fragment): void {
  const { samples, count, isVideo } = fragment;
  const entriesBytes = count * (isVideo ? 16 : 8);
  const moofBytes = MOOF_BYTES + entriesBytes;
  const mediaBytes = totalBytes(samples, count);
  writer.reserve(moofBytes + BOX_HEADER_BYTES + mediaBytes);
  writer.u32(moofBytes); // size
  writer.u32(MOOF); // type
  writer.u32(MFHD_BYTES); // size
  writer.u32(MFHD); // type
  writer.u32(0); // version, flags
  writer.u32(fragment.sequenceNumber % 2 ** 32); // sequence_number
  writeTrackFragment(writer, fragment, entriesBytes, moofBytes + BOX_HEADER_BYTES);
  writer.u32(BOX_HEADER_BYTES + mediaBytes); // size
  writer.u32(MDAT); // type
  for (let index = 0; index < count; index++) writer.bytes(samples[index]!.data);
}

function writeTrackFragment(writer: SlabWriter, fragment: Fragment, entriesBytes: number, dataOffset: number): void {
  const { isVideo, samples, count } = fragment;
  writer.u32(TRAF_BYTES + entriesBytes); // size
  writer.u32(TRAF); // type
  writer.u32(TFHD_BYTES); // size
  writer.u32(TFHD); // type
  writer.u32(DEFAULT_BASE_IS_MOOF); // version 0, flags
  writer.u32(fragment.trackId); // track_ID
  writer.u32(TFDT_BYTES); // size
  writer.u32(TFDT); // type
  writer.u32(VERSION_1); // version 1, flags
  writer.u64(fragment.timeTicks); // baseMediaDecodeTime
  writer.u32(TRUN_BYTES + entriesBytes); // size
  writer.u32(TRUN); // type
  // version 1: composition offsets are signed
  writer.u32(VERSION_1 | TRUN_DATA_OFFSET | TRUN_DURATION_AND_SIZE | (isVideo ? TRUN_FLAGS_AND_COMPOSITION : 0));
  writer.u32(count); // sample_count
  writer.u32(dataOffset); // data_offset, from the start of moof
  for (let index = 0; index < count; index++) writeEntry(writer, samples[index]!, isVideo);
}

function writeEntry(writer: SlabWriter, sample: FragmentSample, isVideo: boolean): void {
  writer.u32(sample.durationTicks); // sample_duration
  writer.u32(sample.data.length); // sample_size
  if (!isVideo) return;
  writer.u32(sample.isSync ? SampleFlags.sync : SampleFlags.nonSync); // sample_flags
  writer.i32(sample.compositionOffsetTicks); // sample_composition_time_offset
}

function totalBytes(samples: readonly FragmentSample[], count: number): number {
  let sizeBytes = 0;
  for (let index = 0; index < count; index++) sizeBytes += samples[index]!.data.length;
  return sizeBytes;
}

const PRFT_BYTES = 32;
const PRFT = fourCc('prft');
/** The time stamp is that of finishing the moof that follows. */
const PRFT_MOOF_FINALIZED = 0x000002;
/** Seconds from 1900, where NTP begins, to 1970. */
const NTP_EPOCH_S = 2_208_988_800;

/** Says at which wall-clock time, Unix ms, the sample of a media time was on its way. ProducerReferenceTimeBox, §8.16.5. */
export function writeProducerReferenceTime(
  writer: SlabWriter,
  trackId: number,
  unixMs: number,
  timeTicks: number,
): void {
  const seconds = Math.floor(unixMs / 1000);
  writer.reserve(PRFT_BYTES);
  writer.u32(PRFT_BYTES); // size
  writer.u32(PRFT); // type
  writer.u32(VERSION_1 | PRFT_MOOF_FINALIZED); // version 1, flags
  writer.u32(trackId); // reference_track_ID
  writer.u32((seconds + NTP_EPOCH_S) % 2 ** 32); // ntp_timestamp, seconds
  writer.u32(Math.floor(((unixMs - seconds * 1000) / 1000) * 2 ** 32)); // ntp_timestamp, fraction
  writer.u64(timeTicks); // media_time
}
