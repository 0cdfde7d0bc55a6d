import { parseAudioSpecificConfig } from '../../codec/aac/audio-specific-config.ts';
import { parseMpegAudioHeader } from '../../codec/mp3/frame-header.ts';
import type { Sample } from '../../media/sample.ts';
import type { AudioCodec, AudioTrack } from '../../media/track.ts';
import { type StreamMetadata, UNKNOWN_METADATA } from './metadata.ts';
import type { AudioTag } from './tag.ts';

const NO_CONFIG = Buffer.alloc(0);
/** Codecs whose frames cannot be decoded without a configuration before them; the others describe themselves. */
const NEEDS_CONFIG: ReadonlySet<AudioCodec> = new Set(['aac', 'opus', 'flac']);

/** The sound of one FLV stream: configurations become tracks, frames become samples. */
export class AudioStream {
  /** Used for what the configuration does not tell, from the next track on. */
  metadata: StreamMetadata = UNKNOWN_METADATA;
  #track: AudioTrack | undefined;

  /** Undefined until the first configuration, or the first frame of a codec that has none. */
  get track(): AudioTrack | undefined {
    return this.#track;
  }

  /** The sample of a tag, if it has one. `timeMs` is the unwrapped time of the tag. Throws MalformedError. */
  read(tag: AudioTag, timeMs: number): Sample | undefined {
    const { codec, data } = tag;
    if (tag.content === 'config') {
      if (codec !== this.#track?.codec || !this.#track.config.equals(data)) this.#configure(codec, data);
      return undefined;
    }
    if (data.length === 0) return undefined;
    if (!NEEDS_CONFIG.has(codec)) this.#describe(codec, data);
    if (this.#track?.codec !== codec) return undefined;
    return { track: this.#track, dts: timeMs, pts: timeMs, isSync: true, data };
  }

  #configure(codec: AudioCodec, config: Buffer): void {
    const { audioSampleRate, audioChannels } = this.metadata;
    if (codec === 'aac') {
      const { sampleRate, channels } = parseAudioSpecificConfig(config);
      this.#setTrack(codec, config, sampleRate, channels || audioChannels);
    } else if (codec === 'opus') {
      this.#setTrack(codec, config, 48_000, config[9] ?? audioChannels); // channel count of OpusHead, RFC 7845 §5.1
    } else {
      this.#setTrack(codec, config, audioSampleRate, audioChannels);
    }
  }

  /** The track as a frame of a codec without configuration tells it. */
  #describe(codec: AudioCodec, frame: Buffer): void {
    const { audioSampleRate, audioChannels } = this.metadata;
    const current = this.#track;
    if (codec === 'mp3') {
      const { sampleRate, channels } = parseMpegAudioHeader(frame);
      if (current?.codec === codec && current.sampleRate === sampleRate && current.channels === channels) return;
      this.#setTrack(codec, NO_CONFIG, sampleRate, channels);
    } else if (current?.codec !== codec) {
      this.#setTrack(codec, NO_CONFIG, audioSampleRate, audioChannels);
    }
  }

  #setTrack(codec: AudioCodec, config: Buffer, sampleRate: number, channels: number): void {
    const bitrateBps = this.metadata.audioBitrateBps;
    this.#track = { kind: 'audio', codec, timescale: 1000, config, bitrateBps, sampleRate, channels };
  }
}
