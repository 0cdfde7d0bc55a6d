// What an elementary stream holds: stream_type and descriptors. ISO/IEC 13818-1 Table 2-34 and §2.6; AC-3 after ATSC A/52 Annex A and ETSI EN 300 468
// Annex D; Opus after the mapping that its authors and ffmpeg share.

import { parseOpusHead } from '../../codec/opus/opus-head.ts';
import type { AudioTrack, Track } from '../../media/track.ts';
import { StreamId } from './pes.ts';

/** The codecs that we carry and read. */
export type StreamCodec = 'h264' | 'hevc' | 'aac' | 'mp3' | 'ac3' | 'eac3' | 'opus';

/** stream_type. */
export const StreamType = {
  mpeg1Audio: 0x03,
  mpeg2Audio: 0x04,
  privatePes: 0x06,
  adts: 0x0f,
  h264: 0x1b,
  hevc: 0x24,
  ac3: 0x81,
  eac3: 0x87,
} as const;

/** descriptor_tag. */
const DescriptorTag = { registration: 0x05, dvbAc3: 0x6a, dvbEac3: 0x7a, dvbExtension: 0x7f } as const;
/** User defined descriptor_tag_extension with the channels of Opus. */
const OPUS_EXTENSION = 0x80;

export interface StreamDescription {
  readonly streamType: number;
  readonly streamId: number;
  readonly descriptors: Buffer;
}

const NOTHING = Buffer.alloc(0);
/** Sampling rates below belong to MPEG-2 audio. */
const LOWEST_MPEG1_RATE = 32_000;

/** How a track goes into a program. Undefined for codecs without a mapping that players know. Throws MalformedError. */
export function describeStream(track: Track): StreamDescription | undefined {
  switch (track.codec) {
    case 'h264':
      return { streamType: StreamType.h264, streamId: StreamId.video, descriptors: NOTHING };
    case 'hevc':
      return { streamType: StreamType.hevc, streamId: StreamId.video, descriptors: registration('HEVC') };
    case 'aac':
      return { streamType: StreamType.adts, streamId: StreamId.audio, descriptors: NOTHING };
    case 'mp3':
      return { streamType: mpegAudioType(track), streamId: StreamId.audio, descriptors: NOTHING };
    case 'ac3':
      return { streamType: StreamType.ac3, streamId: StreamId.private1, descriptors: registration('AC-3') };
    case 'eac3':
      return { streamType: StreamType.eac3, streamId: StreamId.private1, descriptors: registration('EAC3') };
    case 'opus':
      return describeOpus(track);
    default:
      return undefined;
  }
}

function mpegAudioType({ sampleRate }: AudioTrack): number {
  return sampleRate >= LOWEST_MPEG1_RATE ? StreamType.mpeg1Audio : StreamType.mpeg2Audio;
}

function describeOpus({ config }: AudioTrack): StreamDescription | undefined {
  const { channels, mappingFamily } = parseOpusHead(config);
  const hasCode = mappingFamily === 0 ? channels <= 2 : mappingFamily === 1 && channels <= 8;
  if (!hasCode) return undefined;
  const extension = Buffer.from([DescriptorTag.dvbExtension, 2, OPUS_EXTENSION, channels]); // channel_config_code
  return {
    streamType: StreamType.privatePes,
    streamId: StreamId.private1,
    descriptors: Buffer.concat([registration('Opus'), extension]),
  };
}

/** registration_descriptor, §2.6.8. */
function registration(formatIdentifier: string): Buffer {
  return Buffer.concat([Buffer.from([DescriptorTag.registration, 4]), Buffer.from(formatIdentifier, 'latin1')]);
}

const CODECS: Readonly<Record<number, StreamCodec>> = {
  [StreamType.mpeg1Audio]: 'mp3',
  [StreamType.mpeg2Audio]: 'mp3',
  [StreamType.adts]: 'aac',
  [StreamType.h264]: 'h264',
  [StreamType.hevc]: 'hevc',
  [StreamType.ac3]: 'ac3',
  [StreamType.eac3]: 'eac3',
};

const CODECS_OF_FORMATS: Readonly<Record<string, StreamCodec>> = {
  HEVC: 'hevc',
  'AC-3': 'ac3',
  EAC3: 'eac3',
  Opus: 'opus',
};

/** The codec of a stream as its program map tells it; undefined for all that we cannot read. */
export function codecOfStream(streamType: number, descriptors: Buffer): StreamCodec | undefined {
  if (streamType !== StreamType.privatePes) return CODECS[streamType];
  for (const { tag, body } of descriptorsIn(descriptors)) {
    if (tag === DescriptorTag.dvbAc3) return 'ac3';
    if (tag === DescriptorTag.dvbEac3) return 'eac3';
    const codec = tag === DescriptorTag.registration ? CODECS_OF_FORMATS[body.toString('latin1', 0, 4)] : undefined;
    if (codec !== undefined) return codec;
  }
  return undefined;
}

/** Channels of an Opus stream; 2 when its descriptors do not say. */
export function opusChannels(descriptors: Buffer): number {
  for (const { tag, body } of descriptorsIn(descriptors)) {
    const code = tag === DescriptorTag.dvbExtension && body[0] === OPUS_EXTENSION ? body[1] : undefined; // channel_config_code
    if (code !== undefined && code >= 1 && code <= 8) return code;
  }
  return 2;
}

/** Ends at the first descriptor that is cut off. */
function* descriptorsIn(descriptors: Buffer): Generator<{ tag: number; body: Buffer }> {
  let offset = 0;
  while (offset + 2 <= descriptors.length) {
    const end = offset + 2 + descriptors[offset + 1]!; // descriptor_length
    if (end > descriptors.length) return;
    yield { tag: descriptors[offset]!, body: descriptors.subarray(offset + 2, end) }; // descriptor_tag
    offset = end;
  }
}
