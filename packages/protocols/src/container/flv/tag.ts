// Bodies of audio and video tags, which are also the payloads of RTMP audio and video messages. Adobe Flash Video File Format 10.1 §E.4.2,
// §E.4.3; the extended headers of Enhanced RTMP v2.
import { ByteReader } from '../../bytes/byte-reader.ts';
import type { AudioCodec, VideoCodec } from '../../media/track.ts';

export const TagType = { audio: 8, video: 9, script: 18 } as const;

export interface VideoTag {
  readonly codec: VideoCodec;
  /** `config`: decoder configuration record. `frame`: one access unit. */
  readonly content: 'config' | 'frame';
  readonly isKey: boolean;
  /** Presentation time minus decode time in milliseconds; may be negative on the wire. */
  readonly compositionTimeMs: number;
  /** A view of the body. */
  readonly data: Buffer;
}

export interface AudioTag {
  readonly codec: AudioCodec;
  readonly content: 'config' | 'frame';
  /** A view of the body. */
  readonly data: Buffer;
}

const FrameType = { key: 1, command: 5 } as const;
/** AVCPacketType and AACPacketType. */
const PacketType = { config: 0, frame: 1 } as const;
/** CodecID. HEVC and AV1 are not Adobe's, but widespread in Asia. */
const LEGACY_VIDEO: Readonly<Record<number, VideoCodec>> = { 7: 'h264', 12: 'hevc', 13: 'av1' };
/** SoundFormat; 14 is MP3 at 8 kHz. */
const LEGACY_AUDIO: Readonly<Record<number, AudioCodec>> = { 2: 'mp3', 10: 'aac', 14: 'mp3' };

/** Undefined for what is no picture and no configuration of a codec that we know. Throws MalformedError. */
export function parseVideoTag(body: Buffer): VideoTag | undefined {
  if (body.length === 0) return undefined;
  const first = body[0]!;
  if ((first & 0x80) !== 0) return parseExVideoTag(body); // IsExHeader
  const codec = LEGACY_VIDEO[first & 0x0f]; // CodecID
  const frameType = first >> 4; // FrameType
  if (codec === undefined || frameType === FrameType.command) return undefined;
  const reader = new ByteReader(body, 1);
  const packetType = reader.u8(); // AVCPacketType
  if (packetType !== PacketType.config && packetType !== PacketType.frame) return undefined;
  const compositionTimeMs = reader.i24(); // CompositionTime
  const content = packetType === PacketType.config ? 'config' : 'frame';
  return { codec, content, isKey: frameType === FrameType.key, compositionTimeMs, data: reader.rest() };
}

/** Undefined for what is no sound and no configuration of a codec that we know. Throws MalformedError. */
export function parseAudioTag(body: Buffer): AudioTag | undefined {
  if (body.length === 0) return undefined; // a mark of silence
  const format = body[0]! >> 4; // SoundFormat
  if (format === EX_AUDIO_FORMAT) return parseExAudioTag(body);
  const codec = LEGACY_AUDIO[format];
  if (codec === undefined) return undefined;
  if (codec === 'mp3') return { codec, content: 'frame', data: body.subarray(1) };
  const reader = new ByteReader(body, 1);
  const packetType = reader.u8(); // AACPacketType
  if (packetType !== PacketType.config && packetType !== PacketType.frame) return undefined;
  return { codec, content: packetType === PacketType.config ? 'config' : 'frame', data: reader.rest() };
}

const EX_AUDIO_FORMAT = 9;
const ExPacketType = { sequenceStart: 0, codedFrames: 1, codedFramesX: 3, metadata: 4, modEx: 7 } as const;
const VIDEO_FOUR_CC: Readonly<Record<string, VideoCodec>> = { avc1: 'h264', hvc1: 'hevc', av01: 'av1', vp09: 'vp9' };
const AUDIO_FOUR_CC: Readonly<Record<string, AudioCodec>> = {
  mp4a: 'aac',
  '.mp3': 'mp3',
  'ac-3': 'ac3',
  'ec-3': 'eac3',
  Opus: 'opus',
  fLaC: 'flac',
};

function parseExVideoTag(body: Buffer): VideoTag | undefined {
  const reader = new ByteReader(body);
  const first = reader.u8(); // IsExHeader 1, FrameType 3, VideoPacketType 4
  const frameType = (first >> 4) & 7;
  const packetType = skipModEx(reader, first & 0x0f);
  if (frameType === FrameType.command && packetType !== ExPacketType.metadata) return undefined;
  const track = readTrack(reader, packetType, 6);
  const codec = VIDEO_FOUR_CC[track?.fourCc ?? ''];
  if (track === undefined || codec === undefined) return undefined;
  const isKey = frameType === FrameType.key;
  const { data } = track;
  if (track.packetType === ExPacketType.sequenceStart) {
    return { codec, content: 'config', isKey, compositionTimeMs: 0, data };
  }
  if (track.packetType === ExPacketType.codedFramesX) {
    return { codec, content: 'frame', isKey, compositionTimeMs: 0, data };
  }
  if (track.packetType !== ExPacketType.codedFrames) return undefined;
  const hasCompositionTime = codec === 'h264' || codec === 'hevc';
  const frame = new ByteReader(data);
  const compositionTimeMs = hasCompositionTime ? frame.i24() : 0; // compositionTimeOffset
  return { codec, content: 'frame', isKey, compositionTimeMs, data: frame.rest() };
}

function parseExAudioTag(body: Buffer): AudioTag | undefined {
  const reader = new ByteReader(body);
  const packetType = skipModEx(reader, reader.u8() & 0x0f); // SoundFormat 4, AudioPacketType 4
  const track = readTrack(reader, packetType, 5);
  const codec = AUDIO_FOUR_CC[track?.fourCc ?? ''];
  if (track === undefined || codec === undefined) return undefined;
  if (track.packetType === ExPacketType.sequenceStart) return { codec, content: 'config', data: track.data };
  return track.packetType === ExPacketType.codedFrames ? { codec, content: 'frame', data: track.data } : undefined;
}

/** Extensions in front of the body: nanoseconds and what may come. Returns the packet type behind them. */
function skipModEx(reader: ByteReader, packetType: number): number {
  let type = packetType;
  while (type === ExPacketType.modEx) {
    let sizeBytes = reader.u8() + 1; // modExDataSize
    if (sizeBytes === 256) sizeBytes = reader.u16() + 1;
    reader.skip(sizeBytes); // modExData
    type = reader.u8() & 0x0f; // PacketModExType 4, PacketType 4
  }
  return type;
}

interface ExTrack {
  readonly packetType: number;
  readonly fourCc: string;
  readonly data: Buffer;
}

const MultitrackType = { oneTrack: 0, manyTracksManyCodecs: 2 } as const;

/** The only track, or track 0 of several: the default one. Undefined when it is not among them. */
function readTrack(reader: ByteReader, packetType: number, multitrack: number): ExTrack | undefined {
  if (packetType !== multitrack) return { packetType, fourCc: reader.utf8(4), data: reader.rest() };
  const types = reader.u8(); // MultitrackType 4, PacketType 4
  const multitrackType = types >> 4;
  const sharedFourCc = multitrackType === MultitrackType.manyTracksManyCodecs ? undefined : reader.utf8(4);
  while (reader.remaining > 0) {
    const fourCc = sharedFourCc ?? reader.utf8(4);
    const trackId = reader.u8();
    const sizeBytes = multitrackType === MultitrackType.oneTrack ? reader.remaining : reader.u24(); // sizeOfTrack
    const data = reader.take(sizeBytes);
    if (trackId === 0) return { packetType: types & 0x0f, fourCc, data };
  }
  return undefined;
}

/** In front of an AVCDecoderConfigurationRecord. */
export const AVC_CONFIG_HEADER = Buffer.from([0x17, 0x00, 0, 0, 0]); // FrameType 1, CodecID 7; AVCPacketType 0; CompositionTime 0
/** In front of an AudioSpecificConfig. The low four bits are fixed for AAC, whatever its rate and channels. */
export const AAC_CONFIG_HEADER = Buffer.from([0xaf, 0x00]); // SoundFormat 10, SoundRate 3, SoundSize 1, SoundType 1; AACPacketType 0
/** In front of a raw AAC frame. */
export const AAC_FRAME_HEADER = Buffer.from([0xaf, 0x01]); // as above; AACPacketType 1
/** In front of an MP3 frame, whose own header tells rate and channels. */
export const MP3_FRAME_HEADER = Buffer.from([0x2f]); // SoundFormat 2, SoundRate 3, SoundSize 1, SoundType 1

export const AVC_FRAME_HEADER_BYTES = 5;

/** Writes what stands in front of an access unit with length fields. `compositionTimeMs` is 0 to 2^23 - 1. */
export function writeAvcFrameHeader(into: Buffer, isKey: boolean, compositionTimeMs: number): void {
  into[0] = isKey ? 0x17 : 0x27; // FrameType 1 or 2, CodecID 7
  into[1] = PacketType.frame; // AVCPacketType
  into.writeIntBE(compositionTimeMs, 2, 3); // CompositionTime
}
