// What stands in front of configurations and frames in audio and video tags. Adobe Flash Video File Format 10.1 §E.4.2, §E.4.3 for the codecs
// of its time, which every server knows; Enhanced RTMP v2 for the others.
import { VPCC_HEADER_BYTES } from '../../codec/vp9/vpcc.ts';
import type { AudioCodec, Track, VideoCodec } from '../../media/track.ts';
import { AUDIO_FOUR_CC, VIDEO_FOUR_CC } from './four-cc.ts';

/** AVCPacketType, AACPacketType, VideoPacketType and AudioPacketType: 0 announces, 1 carries a frame. */
const PacketType = { sequenceStart: 0, codedFrames: 1 } as const;
const FrameType = { key: 1, inter: 2 } as const;
const AVC = 7; // CodecID
const IS_EX_VIDEO = 0x80; // IsExHeader
const EX_AUDIO = 0x90; // SoundFormat 9
/** SoundFormat 10, SoundRate 3, SoundSize 1, SoundType 1: fixed for AAC, whatever its rate and channels. */
const AAC = 0xaf;
/** SoundFormat 2, SoundRate 3, SoundSize 1, SoundType 1: the frames tell rate and channels. */
const MP3 = 0x2f;

/** The body of the tag that announces a track; undefined for codecs whose frames describe themselves. */
export function sequenceStartOf(track: Track): Buffer | undefined {
  const { codec, config } = track;
  switch (codec) {
    case 'h264':
      return Buffer.concat([Buffer.from([(FrameType.key << 4) | AVC, PacketType.sequenceStart, 0, 0, 0]), config]);
    case 'aac':
      return Buffer.concat([Buffer.from([AAC, PacketType.sequenceStart]), config]);
    case 'hevc':
    case 'av1':
      return Buffer.concat([exVideoHeader(codec, PacketType.sequenceStart), config]);
    case 'vp9':
      return Buffer.concat([exVideoHeader(codec, PacketType.sequenceStart), config.subarray(VPCC_HEADER_BYTES)]);
    case 'opus':
    case 'flac':
      return Buffer.concat([exAudioHeader(codec, PacketType.sequenceStart), config]);
    case 'mp3':
    case 'ac3':
    case 'eac3':
      return undefined;
  }
}

function exVideoHeader(codec: VideoCodec, packetType: number): Buffer {
  return Buffer.from([IS_EX_VIDEO | (FrameType.key << 4) | packetType, ...Buffer.from(VIDEO_FOUR_CC[codec])]);
}

function exAudioHeader(codec: AudioCodec, packetType: number): Buffer {
  return Buffer.from([EX_AUDIO | packetType, ...Buffer.from(AUDIO_FOUR_CC[codec])]);
}

/** In front of each frame. */
export const AUDIO_FRAME_HEADERS: Readonly<Record<AudioCodec, Buffer>> = {
  aac: Buffer.from([AAC, PacketType.codedFrames]),
  mp3: Buffer.from([MP3]),
  ac3: exAudioHeader('ac3', PacketType.codedFrames),
  eac3: exAudioHeader('eac3', PacketType.codedFrames),
  opus: exAudioHeader('opus', PacketType.codedFrames),
  flac: exAudioHeader('flac', PacketType.codedFrames),
};

/** CompositionTime has 24 bits and a sign. */
export const MAX_COMPOSITION_TIME_MS = 2 ** 23 - 1;

/** Memory for the headers of access units, to be filled again and again: none is allocated for a frame. */
export class VideoFrameHeaders {
  readonly #headers: Readonly<Record<VideoCodec, Buffer>> = {
    h264: Buffer.from([0, PacketType.codedFrames, 0, 0, 0]), // FrameType and CodecID, AVCPacketType, CompositionTime
    hevc: Buffer.concat([exVideoHeader('hevc', PacketType.codedFrames), Buffer.alloc(3)]), // compositionTimeOffset
    av1: exVideoHeader('av1', PacketType.codedFrames),
    vp9: exVideoHeader('vp9', PacketType.codedFrames),
  };

  /** Good until the next call for the same codec. `compositionTimeMs` is 0 to MAX_COMPOSITION_TIME_MS; AV1 and VP9 have none. */
  fill(codec: VideoCodec, isKey: boolean, compositionTimeMs: number): Buffer {
    const header = this.#headers[codec];
    const frameType = isKey ? FrameType.key : FrameType.inter;
    header[0] = codec === 'h264' ? (frameType << 4) | AVC : IS_EX_VIDEO | (frameType << 4) | PacketType.codedFrames;
    if (codec === 'h264') header.writeIntBE(compositionTimeMs, 2, 3);
    else if (codec === 'hevc') header.writeIntBE(compositionTimeMs, 5, 3);
    return header;
  }
}
