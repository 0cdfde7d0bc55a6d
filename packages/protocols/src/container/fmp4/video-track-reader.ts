import type { Sample } from '../../media/sample.ts';
import type { Track, VideoTrack } from '../../media/track.ts';
import { type AccessUnitReader, createAccessUnitReader } from './access-unit-reader.ts';
import type { FragmentEntry } from './fragment.ts';
import type { MovieTrack, SampleDefaults } from './movie.ts';
import { sameTrack } from './same-track.ts';
import type { VideoDescription } from './sample-description.ts';
import type { TrackReader } from './track-reader.ts';

/** The pictures of a fragmented MP4. */
export class VideoTrackReader implements TrackReader {
  readonly kind = 'video';
  readonly trackId: number;
  readonly defaults: SampleDefaults;
  nextTicks = 0;
  leadTicks = 0;
  readonly #movieTrack: MovieTrack;
  readonly #description: VideoDescription;
  readonly #accessUnits: AccessUnitReader;
  /** The record that the track was made of. */
  #config: Buffer | undefined;
  #track: VideoTrack | undefined;
  #needsSync: boolean;
  #lastDts = Number.NEGATIVE_INFINITY;

  constructor(movieTrack: MovieTrack, description: VideoDescription, known: readonly Track[]) {
    this.trackId = movieTrack.trackId;
    this.defaults = movieTrack.defaults;
    this.#movieTrack = movieTrack;
    this.#description = description;
    this.#accessUnits = createAccessUnitReader(description);
    this.#followConfig(known);
    this.#needsSync = this.#track === undefined || !known.includes(this.#track);
  }

  get track(): VideoTrack | undefined {
    return this.#track;
  }

  read(entry: FragmentEntry, bytes: Buffer): Sample | undefined {
    const { data, isRandomAccess } = this.#accessUnits.read(bytes);
    this.#followConfig([]);
    // Writers that call every sample a sync sample are common: they say nothing of dependencies.
    const isSync = isRandomAccess || (entry.isSync && entry.isIndependent);
    if (this.#track === undefined || data.length === 0 || (this.#needsSync && !isSync)) return undefined;
    this.#needsSync = false;
    const ticks = entry.dts + this.#movieTrack.editOffsetTicks;
    const dts = this.#leadingDts(ticks);
    return { track: this.#track, dts, pts: Math.max(ticks + entry.compositionOffset, dts), isSync, data };
  }

  #followConfig(known: readonly Track[]): void {
    const { config } = this.#accessUnits;
    if (config === undefined || config === this.#config) return;
    const { codec, bitrateBps, width, height } = this.#description;
    const { timescale } = this.#movieTrack;
    const picture = this.#accessUnits.picture() ?? { width, height, frameRate: 0 };
    const track: VideoTrack = {
      kind: 'video',
      codec,
      timescale,
      config,
      bitrateBps,
      width: picture.width,
      height: picture.height,
      frameRate: picture.frameRate,
    };
    this.#track = sameTrack(track, known);
    this.#config = config;
    this.#needsSync = true;
  }

  /** While the lead grows the samples come closer together instead of going back. */
  #leadingDts(ticks: number): number {
    const dts = ticks - this.leadTicks;
    const backstep = this.#lastDts - dts;
    this.#lastDts = backstep > 0 && backstep <= this.leadTicks ? this.#lastDts : dts;
    return this.#lastDts;
  }
}
