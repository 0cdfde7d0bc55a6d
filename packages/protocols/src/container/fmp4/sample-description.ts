// Sample entries as they are read. The mappings of the codecs are named in sample-entry.ts, which writes them.

import { ByteReader } from '../../bytes/byte-reader.ts';
import { MalformedError } from '../../bytes/malformed-error.ts';
import { opusHeadOfDops } from '../../codec/opus/opus-head.ts';
import type { AudioCodec, VideoCodec } from '../../media/track.ts';
import { type Box, findBox, parseBoxes, printable, requireBox } from './box.ts';
import { ObjectType, parseEsds } from './esds.ts';
import { Fmp4RefusedError } from './refused-error.ts';

export interface VideoDescription {
  readonly kind: 'video';
  readonly codec: VideoCodec;
  /** The codec's own record, as in the box. */
  readonly config: Buffer;
  readonly bitrateBps: number;
  readonly width: number;
  readonly height: number;
}

export interface AudioDescription {
  readonly kind: 'audio';
  readonly codec: AudioCodec;
  /** As in a track. */
  readonly config: Buffer;
  readonly bitrateBps: number;
  /** As the container tells it, which may be 0. */
  readonly sampleRate: number;
  readonly channels: number;
}

export type SampleDescription = VideoDescription | AudioDescription;

const VIDEO_ENTRIES: Readonly<Record<string, readonly [codec: VideoCodec, record: string]>> = {
  avc1: ['h264', 'avcC'],
  avc3: ['h264', 'avcC'],
  hvc1: ['hevc', 'hvcC'],
  hev1: ['hevc', 'hvcC'],
  av01: ['av1', 'av1C'],
  vp09: ['vp9', 'vpcC'],
};

const AUDIO_ENTRIES: ReadonlySet<string> = new Set(['mp4a', '.mp3', 'ac-3', 'ec-3', 'Opus', 'fLaC']);
const ENCRYPTED_ENTRIES: ReadonlySet<string> = new Set(['encv', 'enca', 'drmi', 'drms']);
const VIDEO_FIELDS_BYTES = 78;
const FLAC_MARKER = Buffer.from('fLaC');
/** METADATA_BLOCK_HEADER and STREAMINFO. */
const FLAC_STREAM_INFO_BYTES = 4 + 34;
const NO_CONFIG = Buffer.alloc(0);

/** Undefined for codecs that we do not know. Throws Fmp4RefusedError when encrypted. */
export function parseSampleEntry(entry: Box): SampleDescription | undefined {
  if (ENCRYPTED_ENTRIES.has(entry.type)) {
    throw new Fmp4RefusedError('unsupported', `track is encrypted (${entry.type}): send it in the clear`);
  }
  if (Object.hasOwn(VIDEO_ENTRIES, entry.type)) return parseVideoEntry(entry);
  return AUDIO_ENTRIES.has(entry.type) ? parseAudioEntry(entry) : undefined;
}

function parseVideoEntry({ type, payload }: Box): VideoDescription {
  const [codec, record] = VIDEO_ENTRIES[type]!;
  const reader = new ByteReader(payload);
  reader.skip(6 + 2 + 16); // reserved, data_reference_index, pre_defined, reserved, pre_defined
  const width = reader.u16(); // width
  const height = reader.u16(); // height
  reader.skip(VIDEO_FIELDS_BYTES - reader.offset); // horizresolution to pre_defined
  const boxes = parseBoxes(reader.rest());
  const config = requireBox(boxes, record, type);
  return { kind: 'video', codec, config, bitrateBps: averageBitrate(boxes), width, height };
}

function averageBitrate(boxes: readonly Box[]): number {
  const btrt = findBox(boxes, 'btrt');
  if (btrt === undefined) return 0;
  const reader = new ByteReader(btrt);
  reader.skip(8); // bufferSizeDB, maxBitrate
  return reader.u32(); // avgBitrate
}

function parseAudioEntry({ type, payload }: Box): AudioDescription | undefined {
  const reader = new ByteReader(payload);
  reader.skip(6 + 2 + 8); // reserved, data_reference_index, reserved
  const channels = reader.u16(); // channelcount
  reader.skip(2 + 4); // samplesize, pre_defined, reserved
  const sampleRate = reader.u16(); // samplerate, 16.16
  reader.skip(2);
  const boxes = parseBoxes(reader.rest());
  const codec = audioCodec(type, boxes);
  if (codec === undefined) return undefined;
  return { kind: 'audio', ...codec, bitrateBps: codec.bitrateBps || averageBitrate(boxes), sampleRate, channels };
}

function audioCodec(
  type: string,
  boxes: readonly Box[],
): Pick<AudioDescription, 'codec' | 'config' | 'bitrateBps'> | undefined {
  switch (type) {
    case 'mp4a':
      return mpegAudioCodec(requireBox(boxes, 'esds', type));
    case '.mp3':
      return { codec: 'mp3', config: NO_CONFIG, bitrateBps: 0 };
    case 'ac-3':
      return { codec: 'ac3', config: requireBox(boxes, 'dac3', type), bitrateBps: 0 };
    case 'ec-3':
      return { codec: 'eac3', config: requireBox(boxes, 'dec3', type), bitrateBps: 0 };
    case 'Opus':
      return { codec: 'opus', config: opusHeadOfDops(requireBox(boxes, 'dOps', type)), bitrateBps: 0 };
    case 'fLaC':
      return { codec: 'flac', config: flacConfig(requireBox(boxes, 'dfLa', type)), bitrateBps: 0 };
    default:
      throw new MalformedError(`sample entry ${printable(type)}`);
  }
}

function mpegAudioCodec(payload: Buffer): Pick<AudioDescription, 'codec' | 'config' | 'bitrateBps'> | undefined {
  const { objectType, config, bitrateBps } = parseEsds(payload);
  const isAac =
    objectType === ObjectType.aac || (objectType >= ObjectType.aacMpeg2Main && objectType <= ObjectType.aacMpeg2Ssr);
  if (isAac) return { codec: 'aac', config, bitrateBps };
  const isMpegAudio = objectType === ObjectType.mp3 || objectType === ObjectType.mp3Mpeg2;
  return isMpegAudio ? { codec: 'mp3', config: NO_CONFIG, bitrateBps } : undefined;
}

/** Marker and STREAMINFO, which is always the first metadata block. */
function flacConfig(dfLa: Buffer): Buffer {
  const block = dfLa.subarray(4, 4 + FLAC_STREAM_INFO_BYTES); // behind version and flags
  if (block.length < FLAC_STREAM_INFO_BYTES || (block[0]! & 0x7f) !== 0) {
    throw new MalformedError('dfLa does not begin with STREAMINFO');
  }
  return Buffer.concat([FLAC_MARKER, block]);
}
