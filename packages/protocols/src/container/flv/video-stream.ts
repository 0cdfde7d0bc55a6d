import { parseLengthPrefixed } from '../../codec/h264/access-unit.ts';
import { buildAvcConfiguration, parseAvcConfiguration } from '../../codec/h264/avcc.ts';
import { mergeParameterSets } from '../../codec/h264/parameter-sets.ts';
import { parseSps } from '../../codec/h264/sps.ts';
import type { Sample } from '../../media/sample.ts';
import type { VideoCodec, VideoTrack } from '../../media/track.ts';
import { type StreamMetadata, UNKNOWN_METADATA } from './metadata.ts';
import type { VideoTag } from './tag.ts';

/** The video of one FLV stream: configurations become tracks, frames become samples. Of other codecs than H.264 frames pass as they are. */
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
    if (tag.codec !== this.#track?.codec || !this.#announced?.equals(tag.data)) this.#configure(tag.codec, tag.data);
    return undefined;
  }

  #configure(codec: VideoCodec, config: Buffer): void {
    if (codec === 'h264') {
      const { sps, pps, lengthBytes } = parseAvcConfiguration(config);
      this.#setTrack(codec, lengthBytes === 4 ? config : buildAvcConfiguration(sps, pps));
      this.#lengthBytes = lengthBytes;
    } else {
      this.#setTrack(codec, config);
    }
    this.#announced = config;
  }

  #setTrack(codec: VideoCodec, config: Buffer): void {
    const { metadata } = this;
    const sps = codec === 'h264' ? parseSps(parseAvcConfiguration(config).sps[0]!) : undefined;
    this.#track = {
      kind: 'video',
      codec,
      timescale: 1000,
      config,
      bitrateBps: metadata.videoBitrateBps,
      width: sps?.width ?? metadata.width,
      height: sps?.height ?? metadata.height,
      frameRate: metadata.frameRate || (sps?.frameRate ?? 0),
    };
    this.#needsSync = true;
  }

  #readFrame(tag: VideoTag, timeMs: number): Sample | undefined {
    if (this.#track === undefined || tag.codec !== this.#track.codec || tag.data.length === 0) return undefined;
    if (tag.codec !== 'h264') return this.#sample(tag, timeMs, tag.data, tag.isKey);
    const { data, isIdr, parameterSets } = parseLengthPrefixed(tag.data, this.#lengthBytes);
    if (parameterSets.length > 0) {
      const config = mergeParameterSets(this.#track.config, parameterSets);
      if (config !== undefined) this.#setTrack(tag.codec, config);
    }
    return data.length === 0 ? undefined : this.#sample(tag, timeMs, data, tag.isKey || isIdr);
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
