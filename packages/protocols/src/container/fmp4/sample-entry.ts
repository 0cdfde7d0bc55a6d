// Sample entries: how a track is decoded. ISO/IEC 14496-12 §12.1.3 and §12.2.3, and the codecs' own mappings, which are named below.
import { ByteWriter } from '../../bytes/byte-writer.ts';
import { dopsOfOpusHead } from '../../codec/opus/opus-head.ts';
import type { AudioTrack, Track, VideoTrack } from '../../media/track.ts';
import { box, fullBox } from './box.ts';
import { esds, ObjectType } from './esds.ts';

/** The sample entry of a track. */
export function sampleEntry(track: Track): Buffer {
  return track.kind === 'video' ? videoEntry(track) : audioEntry(track);
}

function videoEntry(track: VideoTrack): Buffer {
  const { width, height, config, bitrateBps } = track;
  const fields = new ByteWriter(78)
    .fill(0, 6) // reserved
    .u16(1) // data_reference_index
    .fill(0, 16) // pre_defined, reserved, pre_defined
    .u16(pictureSide(width)) // width
    .u16(pictureSide(height)) // height
    .u32(0x00480000) // horizresolution, 72 dpi
    .u32(0x00480000) // vertresolution
    .u32(0) // reserved
    .u16(1) // frame_count
    .fill(0, 32) // compressorname
    .u16(0x0018) // depth
    .i16(-1) // pre_defined
    .finish();
  const bitrate = bitrateBps > 0 ? btrt(wholeBitrate(bitrateBps)) : Buffer.alloc(0);
  switch (track.codec) {
    case 'h264':
      return box('avc1', fields, box('avcC', config), bitrate); // ISO/IEC 14496-15 §5.4.2
    case 'hevc':
      return box('hvc1', fields, box('hvcC', config), bitrate); // ISO/IEC 14496-15 §8.4.1
    case 'av1':
      return box('av01', fields, box('av1C', config), bitrate); // AV1 in ISOBMFF §2.2
    case 'vp9':
      return box('vp09', fields, box('vpcC', config), bitrate); // VP in ISOBMFF: the record begins with version and flags
  }
}

/** A width or height as far as the field can tell it. */
export function pictureSide(pixels: number): number {
  return Math.min(pixels, 0xffff);
}

function btrt(bitrateBps: number): Buffer {
  return box(
    'btrt',
    new ByteWriter(12)
      .u32(0) // bufferSizeDB
      .u32(bitrateBps) // maxBitrate
      .u32(bitrateBps) // avgBitrate
      .finish(),
  );
}

/** Sources may announce any number. */
function wholeBitrate(bitrateBps: number): number {
  return Math.min(Math.round(bitrateBps), 0xffffffff);
}

/** Sampling rates from here on do not fit the field, which is 16.16; the codec's own record tells them. */
const MAX_FIELD_RATE = 0xffff;
/** MPEG-2 audio, ISO/IEC 13818-3, has lower sampling rates than MPEG-1 and a type of its own. */
const LOWEST_MPEG1_RATE = 32_000;

function audioEntry(track: AudioTrack): Buffer {
  const { codec, channels, sampleRate, config } = track;
  const bitrateBps = wholeBitrate(track.bitrateBps);
  const fields = new ByteWriter(28)
    .fill(0, 6) // reserved
    .u16(1) // data_reference_index
    .fill(0, 8) // reserved
    .u16(channels) // channelcount
    .u16(16) // samplesize
    .u32(0) // pre_defined, reserved
    .u16(sampleRate <= MAX_FIELD_RATE ? sampleRate : 0) // samplerate, 16.16
    .u16(0)
    .finish();
  switch (codec) {
    case 'aac':
      return box('mp4a', fields, esds({ objectType: ObjectType.aac, bitrateBps, config }));
    case 'mp3': {
      const objectType = sampleRate >= LOWEST_MPEG1_RATE ? ObjectType.mp3 : ObjectType.mp3Mpeg2;
      return box('mp4a', fields, esds({ objectType, bitrateBps, config }));
    }
    case 'ac3':
      return box('ac-3', fields, box('dac3', config)); // ETSI TS 102 366 Annex F.3
    case 'eac3':
      return box('ec-3', fields, box('dec3', config)); // ETSI TS 102 366 Annex F.5
    case 'opus':
      return box('Opus', fields, box('dOps', dopsOfOpusHead(config))); // Opus in ISOBMFF §4.3
    case 'flac':
      return box('fLaC', fields, fullBox('dfLa', 0, 0, lastMetadataBlock(config))); // FLAC in ISOBMFF §3.3
  }
}

const FLAC_MARKER_BYTES = 4;

/** The STREAMINFO block without the marker before it, marked as the last metadata block. */
function lastMetadataBlock(config: Buffer): Buffer {
  const block = Buffer.from(config.subarray(FLAC_MARKER_BYTES));
  if (block.length > 0) block[0] = block[0]! | 0x80; // last-metadata-block flag
  return block;
}
