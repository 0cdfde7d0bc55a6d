import type { AudioTrack } from '../media/track.ts';
import { parseAudioSpecificConfig } from './aac/audio-specific-config.ts';
import { ac3AccessUnitSamples } from './ac3/access-unit.ts';
import { flacFrameSamples } from './flac/frame-header.ts';
import { parseMpegAudioHeader } from './mp3/frame-header.ts';
import { OPUS_SAMPLE_RATE } from './opus/opus-head.ts';
import { opusPacketSamples } from './opus/packet.ts';

/** AAC frames of a track are all equally long. */
const aacSamples = new WeakMap<AudioTrack, number>();

/** How long the frame in `data` sounds, in samples at `track.sampleRate`. Throws MalformedError when it does not tell. */
export function audioFrameSamples(track: AudioTrack, data: Buffer): number {
  switch (track.codec) {
    case 'aac':
      return aacSamples.get(track) ?? measureAac(track);
    case 'mp3':
      return parseMpegAudioHeader(data).samplesPerFrame;
    case 'ac3':
    case 'eac3':
      return ac3AccessUnitSamples(data);
    case 'opus':
      return (opusPacketSamples(data) * track.sampleRate) / OPUS_SAMPLE_RATE;
    case 'flac':
      return flacFrameSamples(data);
  }
}

/** Spectral band replication doubles the samples of the core codec along with its rate. */
function measureAac(track: AudioTrack): number {
  const { samplesPerFrame, coreSampleRate } = parseAudioSpecificConfig(track.config);
  const samples = (samplesPerFrame * track.sampleRate) / coreSampleRate;
  aacSamples.set(track, samples);
  return samples;
}
