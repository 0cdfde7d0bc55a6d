// The header of a fragmented MP4: ftyp and moov without samples. ISO/IEC 14496-12 §4.3, §8.2 to §8.8; CMAF header of ISO/IEC 23000-19 §7.3.1.
import { ByteWriter } from '../../bytes/byte-writer.ts';
import type { Track } from '../../media/track.ts';
import { box, fourCc, fullBox } from './box.ts';
import { pictureSide, sampleEntry } from './sample-entry.ts';

/** Ticks per second of the samples of a video track that can be told in it: all common frame rates come out even. */
const VIDEO_TIMESCALE = 90_000;
/** Of movie durations, which a live stream has none of. */
const MOVIE_TIMESCALE = 1000;

/** sample_flags, §8.8.3.1. */
export const SampleFlags = {
  /** sample_depends_on 2: no other sample. */
  sync: 0x02000000,
  /** sample_depends_on 1: others; sample_is_non_sync_sample 1. */
  nonSync: 0x01010000,
} as const;

/** Whether fragmented MP4 can carry the codec: it can carry all that we know. */
export function fmp4Supports({ codec }: Track): boolean {
  return SUPPORTED_CODECS.has(codec);
}

const SUPPORTED_CODECS: ReadonlySet<Track['codec']> = new Set([
  ...(['h264', 'hevc', 'av1', 'vp9'] as const),
  ...(['aac', 'mp3', 'ac3', 'eac3', 'opus', 'flac'] as const),
]);

/** Ticks per second of a track's times in the container: 90000 for video where that is exact, the sampling rate for audio. */
export function mediaTimescale(track: Track): number {
  if (track.kind === 'audio') return track.sampleRate || track.timescale;
  return VIDEO_TIMESCALE % track.timescale === 0 ? VIDEO_TIMESCALE : track.timescale;
}

/** track_ID of the track at `index` of the list that the header was built from. */
export function trackIdAt(index: number): number {
  return index + 1;
}

/** ftyp and moov for tracks that `fmp4Supports`, in their order. One track alone makes a CMAF header. */
export function buildInitSegment(tracks: readonly Track[]): Buffer {
  return Buffer.concat([ftyp(tracks.length === 1), moov(tracks)]);
}

function ftyp(isCmafTrack: boolean): Buffer {
  const writer = new ByteWriter(24)
    .u32(fourCc('iso6')) // major_brand
    .u32(0); // minor_version
  for (const brand of ['iso6', 'mp41', ...(isCmafTrack ? ['cmfc'] : [])]) writer.u32(fourCc(brand)); // compatible_brands
  return box('ftyp', writer.finish());
}

function moov(tracks: readonly Track[]): Buffer {
  const traks = tracks.map((track, index) => trak(track, trackIdAt(index)));
  const trexes = tracks.map((track, index) => trex(track, trackIdAt(index)));
  return box('moov', mvhd(tracks.length), ...traks, box('mvex', ...trexes));
}

function mvhd(trackCount: number): Buffer {
  const fields = new ByteWriter(96)
    .u32(0) // creation_time
    .u32(0) // modification_time
    .u32(MOVIE_TIMESCALE) // timescale
    .u32(0) // duration
    .u32(0x00010000) // rate 1.0
    .u16(0x0100) // volume 1.0
    .fill(0, 10); // reserved
  writeUnityMatrix(fields)
    .fill(0, 24) // pre_defined
    .u32(trackIdAt(trackCount)); // next_track_ID
  return fullBox('mvhd', 0, 0, fields.finish());
}

function trak(track: Track, trackId: number): Buffer {
  return box('trak', tkhd(track, trackId), box('mdia', mdhd(track), hdlr(track), minf(track)));
}

function tkhd(track: Track, trackId: number): Buffer {
  const fields = new ByteWriter(80)
    .u32(0) // creation_time
    .u32(0) // modification_time
    .u32(trackId) // track_ID
    .u32(0) // reserved
    .u32(0) // duration
    .fill(0, 8) // reserved
    .u16(0) // layer
    .u16(0) // alternate_group
    .u16(track.kind === 'audio' ? 0x0100 : 0) // volume
    .u16(0); // reserved
  writeUnityMatrix(fields)
    .u32(track.kind === 'video' ? pictureSide(track.width) * 0x10000 : 0) // width, 16.16
    .u32(track.kind === 'video' ? pictureSide(track.height) * 0x10000 : 0); // height
  return fullBox('tkhd', 0, 3, fields.finish()); // track_enabled, track_in_movie
}

function writeUnityMatrix(writer: ByteWriter): ByteWriter {
  for (const value of [0x00010000, 0, 0, 0, 0x00010000, 0, 0, 0, 0x40000000]) writer.u32(value); // matrix
  return writer;
}

function mdhd(track: Track): Buffer {
  const fields = new ByteWriter(20)
    .u32(0) // creation_time
    .u32(0) // modification_time
    .u32(mediaTimescale(track)) // timescale
    .u32(0) // duration
    .u16(0x55c4) // language und
    .u16(0); // pre_defined
  return fullBox('mdhd', 0, 0, fields.finish());
}

function hdlr({ kind }: Track): Buffer {
  const fields = new ByteWriter(34)
    .u32(0) // pre_defined
    .u32(fourCc(kind === 'video' ? 'vide' : 'soun')) // handler_type
    .fill(0, 12) // reserved
    .utf8(kind === 'video' ? 'VideoHandler\0' : 'SoundHandler\0'); // name
  return fullBox('hdlr', 0, 0, fields.finish());
}

function minf(track: Track): Buffer {
  const dref = fullBox('dref', 0, 0, u32(1), fullBox('url ', 0, 1)); // entry_count; media data is in this file
  return box('minf', mediaHeader(track), box('dinf', dref), stbl(track));
}

function mediaHeader({ kind }: Track): Buffer {
  if (kind === 'video') return fullBox('vmhd', 0, 1, Buffer.alloc(8)); // graphicsmode, opcolor
  return fullBox('smhd', 0, 0, Buffer.alloc(4)); // balance, reserved
}

/** The samples are in the fragments, so that all tables but the first are empty. */
function stbl(track: Track): Buffer {
  return box(
    'stbl',
    fullBox('stsd', 0, 0, u32(1), sampleEntry(track)), // entry_count
    fullBox('stts', 0, 0, u32(0)), // entry_count
    fullBox('stsc', 0, 0, u32(0)), // entry_count
    fullBox('stsz', 0, 0, u32(0), u32(0)), // sample_size, sample_count
    fullBox('stco', 0, 0, u32(0)), // entry_count
  );
}

function trex({ kind }: Track, trackId: number): Buffer {
  const fields = new ByteWriter(20)
    .u32(trackId) // track_ID
    .u32(1) // default_sample_description_index
    .u32(0) // default_sample_duration
    .u32(0) // default_sample_size
    .u32(kind === 'audio' ? SampleFlags.sync : SampleFlags.nonSync); // default_sample_flags
  return fullBox('trex', 0, 0, fields.finish());
}

function u32(value: number): Buffer {
  return new ByteWriter(4).u32(value).finish();
}
