import { parseAudioSpecificConfig } from '../../codec/aac/audio-specific-config.ts';
import { parseAc3Config } from '../../codec/ac3/config.ts';
import { parseStreamInfo } from '../../codec/flac/stream-info.ts';
import { OPUS_SAMPLE_RATE, parseOpusHead } from '../../codec/opus/opus-head.ts';
import type { Sample } from '../../media/sample.ts';
import type { AudioTrack, Track } from '../../media/track.ts';
import type { FragmentEntry } from './fragment.ts';
import type { MovieTrack, SampleDefaults } from './movie.ts';
import { sameTrack } from './same-track.ts';
import type { AudioDescription } from './sample-description.ts';
import type { TrackReader } from './track-reader.ts';

/** The sound of a fragmented MP4: frames pass as they are. */
export class AudioTrackReader implements TrackReader {
  readonly kind = 'audio';
  readonly trackId: number;
  readonly track: AudioTrack;
  readonly defaults: SampleDefaults;
  nextTicks = 0;
  leadTicks = 0;
  readonly #editOffsetTicks: number;

  constructor(movieTrack: MovieTrack, description: AudioDescription, known: readonly Track[]) {
    const { trackId, timescale, defaults, editOffsetTicks } = movieTrack;
    const { codec, config, bitrateBps } = description;
    this.trackId = trackId;
    this.defaults = defaults;
    this.#editOffsetTicks = editOffsetTicks;
    this.track = sameTrack(
      { kind: 'audio', codec, timescale, config, bitrateBps, ...soundOf(description, timescale) },
      known,
    );
  }

  read(entry: FragmentEntry, data: Buffer): Sample | undefined {
    const dts = entry.dts + this.#editOffsetTicks;
    return { track: this.track, dts, pts: dts, isSync: true, data };
  }
}

type Sound = Pick<AudioTrack, 'sampleRate' | 'channels'>;

/** The record of the codec knows better than the container, in which writers count by the sampling rate. */
function soundOf(description: AudioDescription, timescale: number): Sound {
  const { sampleRate, channels } = description;
  const told = toldByCodec(description);
  return { sampleRate: told.sampleRate || sampleRate || timescale, channels: told.channels || channels };
}

function toldByCodec({ codec, config, sampleRate, channels }: AudioDescription): Sound {
  switch (codec) {
    case 'aac':
      return parseAudioSpecificConfig(config);
    case 'opus':
      return { sampleRate: OPUS_SAMPLE_RATE, channels: parseOpusHead(config).channels };
    case 'flac':
      return parseStreamInfo(config);
    case 'ac3':
    case 'eac3':
      return parseAc3Config(config);
    case 'mp3':
      return { sampleRate, channels };
  }
}
