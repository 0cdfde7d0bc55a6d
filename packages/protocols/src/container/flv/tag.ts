// Bodies of audio and video tags, which are also the payloads of RTMP audio and video messages. Adobe Flash Video File Format 10.1 §E.4.2,
// §E.4.3; the extended headers of Enhanced RTMP v2.
import { ByteReader } from '../../bytes/byte-reader.ts';
import { MalformedError } from '../../bytes/malformed-error.ts';
import type { AudioCodec, VideoCodec } from '../../media/track.ts';
import { audioCodecOf, videoCodecOf } from './four-cc.ts';

export const TagType = { audio: 8, video: 9, script: 18 } as const;

export interface VideoTag {
  readonly codec: VideoCodec;
  /**
   * `config`: decoder configuration record; of VP9 the VPCodecConfigurationRecord without the version of its box. `frame`: one access unit.
   */
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

/** Does the body of a video tag hold a picture? Tells it by its first two bytes, so of broken ones too. */
export function isPicture(body: Buffer): boolean {
  const first = body[0] ?? 0;
  if ((first & 0x80) === 0) return body[1] === PacketType.frame;
  return !WITHOUT_PICTURE.has(first & 0x0f); // VideoPacketType
}

const EX_AUDIO_FORMAT = 9;
const ExPacketType = {
  sequenceStart: 0,
  codedFrames: 1,
  sequenceEnd: 2,
  codedFramesX: 3,
  metadata: 4,
  mpeg2TsSequenceStart: 5,
  modEx: 7,
} as const;
const WITHOUT_PICTURE: ReadonlySet<number> = new Set([
  ExPacketType.sequenceStart,
  ExPacketType.sequenceEnd,
  ExPacketType.metadata,
  ExPacketType.mpeg2TsSequenceStart,
]);
/** Of the AV1 video descriptor of MPEG-TS, whose payload is the fixed part of av1C. */
const AV1_DESCRIPTOR_TAG = 0x80;

function parseExVideoTag(body: Buffer): VideoTag | undefined {
  const reader = new ByteReader(body);
  const first = reader.u8(); // IsExHeader 1, FrameType 3, VideoPacketType 4
  const frameType = (first >> 4) & 7;
  const packetType = skipModEx(reader, first & 0x0f);
  if (frameType === FrameType.command && packetType !== ExPacketType.metadata) return undefined;
  const track = readTrack(reader, packetType, 6);
  const codec = videoCodecOf(track?.fourCc ?? '');
  if (track === undefined || codec === undefined) return undefined;
  const isKey = frameType === FrameType.key;
  const { data } = track;
  if (track.packetType === ExPacketType.sequenceStart) {
    return { codec, content: 'config', isKey, compositionTimeMs: 0, data };
  }
  if (track.packetType === ExPacketType.mpeg2TsSequenceStart && codec === 'av1') {
    return { codec, content: 'config', isKey, compositionTimeMs: 0, data: readAv1Descriptor(data) };
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

/** Carriage of AV1 in MPEG-2 TS §2.1.2. Throws MalformedError. */
function readAv1Descriptor(descriptor: Buffer): Buffer {
  const reader = new ByteReader(descriptor);
  const tag = reader.u8(); // descriptor_tag
  const sizeBytes = reader.u8(); // descriptor_length
  if (tag !== AV1_DESCRIPTOR_TAG)
    throw new MalformedError(`descriptor_tag ${tag} of AV1, expected ${AV1_DESCRIPTOR_TAG}`);
  return reader.take(sizeBytes); // marker, version, profile, level, format, initial presentation delay
}

function parseExAudioTag(body: Buffer): AudioTag | undefined {
  const reader = new ByteReader(body);
  const packetType = skipModEx(reader, reader.u8() & 0x0f); // SoundFormat 4, AudioPacketType 4
  const track = readTrack(reader, packetType, 5);
  const codec = audioCodecOf(track?.fourCc ?? '');
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
