import type { AudioTrack, Sample, VideoTrack } from '@pushfleet/protocols';

export const video: VideoTrack = {
  kind: 'video',
  codec: 'h264',
  timescale: 1000,
  config: Buffer.from('0142c01effe100046742c01e01000468ce3c80', 'hex'),
  bitrateBps: 0,
  width: 320,
  height: 180,
  frameRate: 25,
};

export const audio: AudioTrack = {
  kind: 'audio',
  codec: 'aac',
  timescale: 1000,
  config: Buffer.from('1190', 'hex'),
  bitrateBps: 0,
  sampleRate: 48_000,
  channels: 2,
};

export const picture = (dts: number, isSync: boolean, track = video): Sample => ({
  track,
  dts,
  pts: dts,
  isSync,
  data: Buffer.from([0, 0, 0, 2, isSync ? 0x65 : 0x41, 0]),
});

export const sound = (dts: number, track = audio): Sample => ({
  track,
  dts,
  pts: dts,
  isSync: true,
  data: Buffer.from([1]),
});
