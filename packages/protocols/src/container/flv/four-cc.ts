// FourCCs of Enhanced RTMP v2: "Enhanced Video" and "Enhanced Audio".
import type { AudioCodec, VideoCodec } from '../../media/track.ts';

export const VIDEO_FOUR_CC: Readonly<Record<VideoCodec, string>> = {
  h264: 'avc1',
  hevc: 'hvc1',
  av1: 'av01',
  vp9: 'vp09',
};

export const AUDIO_FOUR_CC: Readonly<Record<AudioCodec, string>> = {
  aac: 'mp4a',
  mp3: '.mp3',
  ac3: 'ac-3',
  eac3: 'ec-3',
  opus: 'Opus',
  flac: 'fLaC',
};

const VIDEO_CODECS = new Map<string, VideoCodec>(inverted(VIDEO_FOUR_CC));
const AUDIO_CODECS = new Map<string, AudioCodec>(inverted(AUDIO_FOUR_CC));

/** Undefined for a codec that we do not know. */
export function videoCodecOf(fourCc: string): VideoCodec | undefined {
  return VIDEO_CODECS.get(fourCc);
}

export function audioCodecOf(fourCc: string): AudioCodec | undefined {
  return AUDIO_CODECS.get(fourCc);
}

function inverted<Codec extends string>(fourCcs: Readonly<Record<Codec, string>>): [string, Codec][] {
  return Object.entries<string>(fourCcs).map(([codec, fourCc]) => [fourCc, codec as Codec]);
}
