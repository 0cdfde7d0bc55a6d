import type { Sample } from '../../media/sample.ts';
import type { VideoCodec, VideoTrack } from '../../media/track.ts';
import { type StreamMetadata, UNKNOWN_METADATA } from './metadata.ts';
import type { VideoTag } from './tag.ts';
import { type Picture, readVideoConfiguration } from './video-configuration.ts';
import { readVideoUnit, type VideoUnit } from './video-unit.ts';

/** The video of one FLV stream: configurations become tracks, frames become samples. */
export class VideoStream {
  /** Used for what the configuration does not tell, from the next track on. */
  metadata: StreamMetadata = UNKNOWN_METADATA;
  #track: VideoTrack | undefined;
  /** The configuration that was announced last, byte for byte; in-band parameter sets may have changed the track since. */
  #announced: Buffer | undefined;
  #lengthBytes = 4;
  #needsSync = true;
  /** How much earlier than on the wire samples are decoded, so that none is presented before its decode time. */
  #leadMs = 0;
  #lastDts = Number.NEGATIVE_INFINITY;

  /** Undefined until the first configuration. */
  get track(): VideoTrack | undefined {
    return this.#track;
  }

  /**
   * The sample of a tag, if it has one that can be decoded: there is none before a configuration and the sync sample behind it.
   * `timeMs` is the unwrapped time of the tag. Throws MalformedError.
   */
  read(tag: VideoTag, timeMs: number): Sample | undefined {
    if (tag.content === 'frame') return this.#readFrame(tag, timeMs);
    const isKnown = tag.codec === this.#track?.codec && this.#announced?.equals(tag.data) === true;
    if (!isKnown && tag.data.length > 0) this.#configure(tag); // some encoders announce before they know
    return undefined;
  }

  #configure({ codec, data }: VideoTag): void {
    const { config, lengthBytes, picture } = readVideoConfiguration(codec, data);
    this.#setTrack(codec, config, picture);
    this.#lengthBytes = lengthBytes;
    this.#announced = data;
  }

  #setTrack(codec: VideoCodec, config: Buffer, { width, height, frameRate }: Picture): void {
    const { metadata } = this;
    this.#track = {
      kind: 'video',
      codec,
      timescale: 1000,
      config,
      bitrateBps: metadata.videoBitrateBps,
      width: width || metadata.width,
      height: height || metadata.height,
      frameRate: metadata.frameRate || frameRate,
    };
    this.#needsSync = true;
  }

  #readFrame(tag: VideoTag, timeMs: number): Sample | undefined {
    const { codec, data } = tag;
    const known = this.#track?.codec === codec ? this.#track : undefined;
    if (data.length === 0 || (known === undefined && codec !== 'av1')) return undefined; // AV1 may do without an announcement
    const unit = readVideoUnit(codec, data, this.#lengthBytes, known?.config);
    this.#follow(codec, unit);
    if (this.#track?.codec !== codec || unit.data.length === 0) return undefined;
    return this.#sample(tag, timeMs, unit.data, tag.isKey || unit.isSync);
  }

  /** What came in band is in force from its access unit on. */
  #follow(codec: VideoCodec, { newConfig, size }: VideoUnit): void {
    if (newConfig !== undefined) this.#setTrack(codec, newConfig, readVideoConfiguration(codec, newConfig).picture);
    const track = this.#track;
    if (size === undefined || track === undefined) return;
    const { width, height } = size;
    if (width !== track.width || height !== track.height) this.#track = { ...track, width, height };
  }

  #sample(tag: VideoTag, timeMs: number, data: Buffer, isSync: boolean): Sample | undefined {
    if (this.#needsSync && !isSync) return undefined;
    this.#needsSync = false;
    this.#leadMs = Math.max(this.#leadMs, -tag.compositionTimeMs);
    const dts = this.#leadingDts(timeMs);
    return { track: this.#track!, dts, pts: Math.max(timeMs + tag.compositionTimeMs, dts), isSync, data };
  }

  /** While the lead grows the samples come closer together instead of going back. */
  #leadingDts(timeMs: number): number {
    const dts = timeMs - this.#leadMs;
    const backstepMs = this.#lastDts - dts;
    this.#lastDts = backstepMs > 0 && backstepMs <= this.#leadMs ? this.#lastDts : dts;
    return this.#lastDts;
  }
}
