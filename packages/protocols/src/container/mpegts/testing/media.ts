import { buildAvcConfiguration } from '../../../codec/h264/avcc.ts';
import { joinLengthPrefixed } from '../../../codec/nal/length-prefixed.ts';
import { buildOpusHead } from '../../../codec/opus/opus-head.ts';
import type { Sample } from '../../../media/sample.ts';
import type { AudioTrack, Track, VideoTrack } from '../../../media/track.ts';
import { TsDemuxer, type TsDemuxerOptions } from '../demuxer.ts';

export const sps = Buffer.from('6764001eacd940a02ff97011000003000100000300320f162d96', 'hex');
export const pps = Buffer.from('68efbcb0', 'hex');
/** 720x576, another configuration. */
export const otherSps = Buffer.from('6742c01ed900b4126c1040000003004000000c83c58b92', 'hex');
export const otherPps = Buffer.from('68cb83cb20', 'hex');

export const video: VideoTrack = {
  kind: 'video',
  codec: 'h264',
  timescale: 90_000,
  config: buildAvcConfiguration([sps], [pps]),
  bitrateBps: 0,
  width: 640,
  height: 360,
  frameRate: 25,
};

const audioTrack = (codec: AudioTrack['codec'], config: Buffer, sampleRate = 48_000): AudioTrack => ({
  kind: 'audio',
  codec,
  timescale: 90_000,
  config,
  bitrateBps: 0,
  sampleRate,
  channels: 2,
});

export const aac = (config = '1190', sampleRate?: number): AudioTrack =>
  audioTrack('aac', Buffer.from(config, 'hex'), sampleRate);
export const audio = aac();
export const opus = audioTrack('opus', buildOpusHead({ channels: 2 }));
export const mp3 = audioTrack('mp3', Buffer.alloc(0), 44_100);

const SECOND = 90_000;

/** A picture; times in seconds. */
export function picture(seconds: number, isSync: boolean, sizeBytes = 100, track: Track = video): Sample {
  const time = Math.round(seconds * SECOND);
  const slice = Buffer.alloc(Math.max(sizeBytes - 4, 2), 0xab);
  slice[0] = isSync ? 0x65 : 0x41; // IDR or other slice
  slice[1] = 0x88; // first_mb_in_slice 0
  return { track, dts: time, pts: time, isSync, data: joinLengthPrefixed([slice]) };
}

export function sound(seconds: number, track: Track = audio, data: Buffer = Buffer.alloc(200, 0x21)): Sample {
  const time = Math.round(seconds * SECOND);
  return { track, dts: time, pts: time, isSync: true, data };
}

/** Pictures with a sync sample every second, and sound every 1024 samples of 48 kHz, in order of time. */
export function clip(seconds: number, { from = 2, frameRate = 25, withVideo = true, withAudio = true } = {}): Sample[] {
  const pictures = Array.from({ length: withVideo ? Math.round(seconds * frameRate) : 0 }, (_, index) =>
    picture(from + index / frameRate, index % Math.round(frameRate) === 0),
  );
  const sounds = Array.from({ length: withAudio ? Math.round((seconds * 48_000) / 1024) : 0 }, (_, index) =>
    sound(from + (index * 1024) / 48_000),
  );
  return [...pictures, ...sounds].sort((a, b) => a.dts - b.dts);
}

export interface Demuxed {
  readonly tracks: (readonly Track[])[];
  readonly samples: Sample[];
  readonly demuxer: TsDemuxer;
}

export function demuxing(options: Partial<TsDemuxerOptions> = {}): Demuxed {
  const tracks: (readonly Track[])[] = [];
  const samples: Sample[] = [];
  const events = {
    tracks: (list: readonly Track[]) => tracks.push(list),
    sample: (sample: Sample) => samples.push(sample),
  };
  return { tracks, samples, demuxer: new TsDemuxer(events, options) };
}

/** All of a stream at once. */
export function demux(bytes: Buffer, options: Partial<TsDemuxerOptions> = {}): Demuxed {
  const demuxed = demuxing(options);
  demuxed.demuxer.push(bytes);
  demuxed.demuxer.end();
  return demuxed;
}
