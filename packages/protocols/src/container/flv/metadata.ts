// onMetaData: what a stream says about itself. Adobe Flash Video File Format 10.1 §E.5. Senders fill it in carelessly, so it only
// complements the sequence headers.

import { type AmfObject, type AmfValue, decodeAmf0, EcmaArray } from '../../bytes/amf0.ts';
import type { AudioTrack, Track, VideoTrack } from '../../media/track.ts';
import { AUDIO_FOUR_CC, VIDEO_FOUR_CC } from './four-cc.ts';

/** Numbers are 0 when the sender did not say. */
export interface StreamMetadata {
  readonly hasVideo: boolean;
  readonly hasAudio: boolean;
  readonly width: number;
  readonly height: number;
  readonly frameRate: number;
  readonly videoBitrateBps: number;
  readonly audioBitrateBps: number;
  readonly audioSampleRate: number;
  readonly audioChannels: number;
}

/** Of a stream that says nothing: it may have both. */
export const UNKNOWN_METADATA: StreamMetadata = parseProperties({});

/** `body` of a script tag or data message, with or without `@setDataFrame`. Undefined when it is not onMetaData. Throws MalformedError. */
export function parseMetadata(body: Buffer): StreamMetadata | undefined {
  const values = decodeAmf0(body);
  const name = values.indexOf('onMetaData');
  const properties = values[name + 1];
  return name !== -1 && isObject(properties) ? parseProperties(properties) : undefined;
}

function isObject(value: AmfValue): value is AmfObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function parseProperties(properties: AmfObject): StreamMetadata {
  const number = (key: string): number => {
    const value = Number(properties[key]); // some encoders send numbers as strings
    return Number.isFinite(value) && value > 0 ? value : 0;
  };
  const says = (key: string): boolean => (properties[key] ?? 0) !== 0;
  const hasVideo = says('videocodecid') || number('width') > 0;
  const hasAudio = says('audiocodecid') || number('audiosamplerate') > 0;
  return {
    hasVideo: hasVideo || !hasAudio,
    hasAudio: hasAudio || !hasVideo,
    width: number('width'),
    height: number('height'),
    frameRate: number('framerate') || number('videoframerate'),
    videoBitrateBps: Math.round(number('videodatarate') * 1000),
    audioBitrateBps: Math.round(number('audiodatarate') * 1000),
    audioSampleRate: number('audiosamplerate'),
    audioChannels: number('audiochannels') || (properties.stereo === false ? 1 : 2),
  };
}

/** CodecID and SoundFormat of the legacy syntax; the others go by their FourCC as a number, Enhanced RTMP "onMetaData". */
const CODEC_IDS: Readonly<Partial<Record<Track['codec'], number>>> = { h264: 7, mp3: 2, aac: 10 };

function codecId(codec: Track['codec'], fourCc: string): number {
  return CODEC_IDS[codec] ?? Buffer.from(fourCc).readUInt32BE();
}

/** The properties of a live stream of these tracks; rates in kb/s. */
export function buildMetadata(tracks: readonly Track[]): EcmaArray {
  const properties: AmfObject = { duration: 0 };
  for (const track of tracks) {
    Object.assign(properties, track.kind === 'video' ? videoProperties(track) : audioProperties(track));
  }
  return new EcmaArray({ ...properties, encoder: 'Pushfleet' });
}

function videoProperties({ codec, width, height, frameRate, bitrateBps }: VideoTrack): AmfObject {
  return {
    width,
    height,
    ...(frameRate > 0 && { framerate: frameRate }),
    videocodecid: codecId(codec, VIDEO_FOUR_CC[codec]),
    ...(bitrateBps > 0 && { videodatarate: bitrateBps / 1000 }),
  };
}

function audioProperties({ codec, sampleRate, channels, bitrateBps }: AudioTrack): AmfObject {
  return {
    audiocodecid: codecId(codec, AUDIO_FOUR_CC[codec]),
    ...(bitrateBps > 0 && { audiodatarate: bitrateBps / 1000 }),
    audiosamplerate: sampleRate,
    audiosamplesize: 16,
    stereo: channels > 1,
  };
}
