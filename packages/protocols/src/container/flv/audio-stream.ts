import { MalformedError } from '../../bytes/malformed-error.ts';
import { parseAudioSpecificConfig } from '../../codec/aac/audio-specific-config.ts';
import { parseAc3AccessUnit } from '../../codec/ac3/access-unit.ts';
import { buildAc3Config, parseAc3Config } from '../../codec/ac3/config.ts';
import { parseAc3Header } from '../../codec/ac3/sync-frame.ts';
import { parseStreamInfo } from '../../codec/flac/stream-info.ts';
import { parseMpegAudioHeader } from '../../codec/mp3/frame-header.ts';
import { OPUS_SAMPLE_RATE, parseOpusHead } from '../../codec/opus/opus-head.ts';
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
      const isKnown = codec === this.#track?.codec && this.#track.config.equals(data);
      if (!isKnown && data.length > 0) this.#configure(codec, data);
      return undefined;
    }
    if (data.length === 0) return undefined;
    if (!NEEDS_CONFIG.has(codec)) this.#describe(codec, data);
    if (this.#track?.codec !== codec) return undefined;
    return { track: this.#track, dts: timeMs, pts: timeMs, isSync: true, data };
  }

  #configure(codec: AudioCodec, config: Buffer): void {
    if (codec === 'aac') {
      const { sampleRate, channels } = parseAudioSpecificConfig(config);
      this.#setTrack(codec, config, sampleRate, channels || this.metadata.audioChannels);
    } else if (codec === 'opus') {
      this.#setTrack(codec, config, OPUS_SAMPLE_RATE, parseOpusHead(config).channels);
    } else if (codec === 'flac') {
      const { sampleRate, channels } = parseStreamInfo(config);
      this.#setTrack(codec, config, sampleRate, channels);
    }
  }

  /** The track as a frame of a codec without configuration tells it. */
  #describe(codec: AudioCodec, frame: Buffer): void {
    if (codec === 'mp3') this.#describeMp3(frame);
    else this.#describeAc3(codec, frame);
  }

  #describeMp3(frame: Buffer): void {
    const { sampleRate, channels } = parseMpegAudioHeader(frame);
    const current = this.#track;
    if (current?.codec === 'mp3' && current.sampleRate === sampleRate && current.channels === channels) return;
    this.#setTrack('mp3', NO_CONFIG, sampleRate, channels);
  }

  #describeAc3(codec: AudioCodec, frame: Buffer): void {
    const header = parseAc3Header(frame);
    if (header.codec !== codec) throw new MalformedError(`frame of ${header.codec} in a tag of ${codec}`);
    const others = codec === 'eac3' ? parseAc3AccessUnit(frame).slice(1) : [];
    const config = buildAc3Config(header, others);
    const current = this.#track;
    if (current?.codec === codec && isSameSound(codec, current.config, config)) return;
    this.#setTrack(codec, config, header.sampleRate, parseAc3Config(config).channels);
  }

  #setTrack(codec: AudioCodec, config: Buffer, sampleRate: number, channels: number): void {
    const bitrateBps = this.metadata.audioBitrateBps;
    this.#track = { kind: 'audio', codec, timescale: 1000, config, bitrateBps, sampleRate, channels };
  }
}

/** The bit rate, with which dec3 begins, may change from frame to frame. */
function isSameSound(codec: AudioCodec, config: Buffer, other: Buffer): boolean {
  return codec === 'eac3' ? config.subarray(2).equals(other.subarray(2)) : config.equals(other);
}
