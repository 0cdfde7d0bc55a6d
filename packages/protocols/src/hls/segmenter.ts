// Samples -> segments: pieces of one MPEG-TS stream that each begin with tables and, wherever the source allows it, a sync sample.
import { TsMuxer, tsSupports } from '../container/mpegts/muxer.ts';
import type { Sample } from '../media/sample.ts';
import type { Track } from '../media/track.ts';
import type { Packager, WireBatch, WireFormat } from '../packager/packager.ts';
import { isCut, limitOf, MAX_FIRST_SEGMENT_MS, targetDurationOf } from './cut.ts';

/** One whole segment. */
export interface HlsSegment extends WireBatch {
  /** From its first sample to the first of the next segment. */
  readonly durationMs: number;
  /** Wall clock of its first sample, ms. */
  readonly startsAtMs: number;
  /** Its times or codecs do not continue those of the segment before it. */
  readonly isDiscontinuity: boolean;
  /** What all segments of this packager keep to; the same for ever. */
  readonly targetDurationS: number;
  readonly tracks: readonly Track[];
}

export interface HlsWireOptions {
  readonly durationMs: number;
  /** What a playlist that goes on has promised already; undefined leaves it to the stream. */
  readonly targetDurationS: number | undefined;
  readonly maxTargetDurationS: number;
  /**
   * Wall clock of the end of what the segments continue, ms; undefined when they begin anew. Who has come from the same place shares them; those of who
   * was here before are cut elsewhere, and would repeat or leave out a part.
   */
  readonly continuesAtMs?: number | undefined;
}

const NOTHING = Buffer.alloc(0);
/** Nobody waits for a segment that is not complete, so audio frames may share their headers. */
const MAX_AUDIO_PES_MS = 100;
/** Samples further apart than this have a hole between them, which no segment may bridge. */
const MAX_STEP_MS = 1000;
/** The wall clock of segments follows the media clock, unless they have come this far apart. */
const MAX_CLOCK_DRIFT_MS = 1000;
/** Until a track has shown the distance of its samples. */
const ASSUMED_STEP_MS = 40;

/**
 * Segments of one stream, for all pushes with the same options. Feeds of this format drop nothing: whoever uploads holds back what it can, in
 * whole segments.
 */
export function hlsWireFormat(options: HlsWireOptions): WireFormat {
  const { durationMs, targetDurationS: target, maxTargetDurationS: max, continuesAtMs: from } = options;
  const bounds = `${target === undefined ? '' : ` target=${target}`}${max === Number.POSITIVE_INFINITY ? '' : ` max=${max}`}`;
  return {
    key: `hls duration=${durationMs}${bounds}${from === undefined ? '' : ` from=${from}`}`,
    burstMs: durationMs,
    feedLimits: { maxPendingBytes: Number.POSITIVE_INFINITY, maxPendingMs: Number.POSITIVE_INFINITY },
    createPackager: () => new Segmenter(options),
  };
}

/**
 * A segment is complete when the sample after it is there; `flush` has nothing until then, and a stream that ends leaves the last one behind.
 * Samples before the first sync sample are left out, as are those of codecs that MPEG-TS cannot carry.
 */
class Segmenter implements Packager {
  readonly #options: HlsWireOptions;
  readonly #muxer = new TsMuxer({ maxAudioPesMs: MAX_AUDIO_PES_MS });
  readonly #complete: HlsSegment[] = [];
  #tracks: readonly Track[] = [];
  /** The kind of track whose samples decide where segments end: video, where there is any. */
  #leader: Track['kind'] = 'audio';
  #targetDurationS: number | undefined;
  /** Wall clock minus media clock. */
  #clockOffsetMs: number | undefined;
  /** The next segment to be opened does not continue the one before. */
  #isDiscontinuity = false;
  /** The segment under way ends at the next sync sample, however short it is. */
  #isCutShort = false;
  /** The segment under way; without a start there is none. */
  #startMs: number | undefined;
  #sizeBytes = 0;
  #videoSamples = 0;
  #audioSamples = 0;
  /** Of all tracks. */
  #newestMs = 0;
  /** Of the leading track: its newest sample, the distance from the one before, its newest sync sample, the longest distance of two of these. */
  #lastMs = 0;
  #stepMs = ASSUMED_STEP_MS;
  #lastSyncMs = 0;
  #longestGroupMs = 0;

  constructor(options: HlsWireOptions) {
    this.#options = options;
    this.#targetDurationS = options.targetDurationS;
  }

  setTracks(tracks: readonly Track[]): void {
    const supported = tracks.filter(tsSupports);
    if (!isSameConfiguration(this.#tracks, supported)) {
      if (this.#startMs !== undefined) this.#close(this.#endOfLast);
      this.#isDiscontinuity = this.#tracks.length > 0;
    }
    this.#tracks = supported;
    this.#leader = supported.some(({ kind }) => kind === 'video') ? 'video' : 'audio';
    this.#muxer.setTracks(supported);
  }

  /** Each segment has everything that a player needs. */
  header(): Buffer {
    return NOTHING;
  }

  append(sample: Sample): void {
    if (!this.#tracks.includes(sample.track)) return;
    const timeMs = (sample.dts * 1000) / sample.track.timescale;
    const isLeader = sample.track.kind === this.#leader;
    const isStart = isLeader && sample.isSync;
    if (this.#startMs !== undefined) this.#cutBefore(timeMs, isStart);
    else if (isStart) this.#open(timeMs);
    else return;
    this.#muxer.append(sample);
    this.#sizeBytes += sample.data.length;
    this.#newestMs = Math.max(this.#newestMs, timeMs);
    if (sample.track.kind === 'video') this.#videoSamples += 1;
    else this.#audioSamples += 1;
    if (isLeader) this.#noteLeader(timeMs, sample.isSync);
  }

  cut(): void {
    this.#isCutShort = true;
  }

  holds(memory: ArrayBufferLike): boolean {
    return this.#muxer.holds(memory);
  }

  flush(): HlsSegment | undefined {
    return this.#complete.shift();
  }

  /** Ends the segment under way and begins the next, if this is the place. */
  #cutBefore(timeMs: number, isSync: boolean): void {
    const stepMs = this.#stepMs;
    const isContinuous = timeMs - this.#newestMs <= Math.max(MAX_STEP_MS, 2 * stepMs);
    const lengthMs = timeMs - this.#startMs!;
    const rules = { durationMs: this.#isCutShort ? 0 : this.#options.durationMs, limitMs: this.#limitMs };
    if (!isCut(rules, { lengthMs, stepMs, isSync, isContinuous, sizeBytes: this.#sizeBytes })) return;
    this.#close(isContinuous ? timeMs : this.#endOfLast);
    this.#isDiscontinuity = !isContinuous;
    this.#open(timeMs);
  }

  #open(timeMs: number): void {
    this.#muxer.startSegment();
    this.#startMs = timeMs;
    this.#newestMs = timeMs;
    this.#lastMs = timeMs - this.#stepMs;
    this.#lastSyncMs = timeMs;
    this.#sizeBytes = 0;
    this.#videoSamples = 0;
    this.#audioSamples = 0;
  }

  #close(endMs: number): void {
    const startMs = this.#startMs!;
    this.#noteGroup(endMs);
    this.#noteClock(endMs);
    this.#targetDurationS ??= this.#chooseTargetDuration(endMs - startMs);
    this.#complete.push({
      bytes: this.#muxer.take(),
      isSync: true,
      dtsMs: startMs,
      videoSamples: this.#videoSamples,
      audioSamples: this.#audioSamples,
      durationMs: Math.min(endMs - startMs, this.#limitMs - 1),
      startsAtMs: Math.round(startMs + this.#clockOffsetMs!),
      isDiscontinuity: this.#isDiscontinuity,
      targetDurationS: this.#targetDurationS,
      tracks: this.#tracks,
    });
    this.#isDiscontinuity = false;
    this.#isCutShort = false;
    this.#startMs = undefined;
  }

  #chooseTargetDuration(lengthMs: number): number {
    const { durationMs, maxTargetDurationS } = this.#options;
    const chosen = Math.max(targetDurationOf(durationMs, this.#longestGroupMs), Math.round(lengthMs / 1000));
    return Math.min(chosen, maxTargetDurationS);
  }

  /** A segment must stay below. */
  get #limitMs(): number {
    if (this.#targetDurationS !== undefined) return limitOf(this.#targetDurationS);
    return Math.min(MAX_FIRST_SEGMENT_MS, limitOf(this.#options.maxTargetDurationS));
  }

  get #endOfLast(): number {
    return Math.max(this.#newestMs, this.#lastMs + this.#stepMs);
  }

  #noteLeader(timeMs: number, isSync: boolean): void {
    if (timeMs > this.#lastMs) this.#stepMs = timeMs - this.#lastMs;
    this.#lastMs = timeMs;
    if (!isSync) return;
    this.#noteGroup(timeMs);
    this.#lastSyncMs = timeMs;
  }

  #noteGroup(endMs: number): void {
    if (this.#leader === 'video') this.#longestGroupMs = Math.max(this.#longestGroupMs, endMs - this.#lastSyncMs);
  }

  /** The end of a segment is now: what a source sends at once when it begins is older than that. */
  #noteClock(endMs: number): void {
    const offsetMs = Date.now() - endMs;
    const driftMs = Math.abs(offsetMs - (this.#clockOffsetMs ?? Number.NEGATIVE_INFINITY));
    if (driftMs > MAX_CLOCK_DRIFT_MS) this.#clockOffsetMs = offsetMs;
  }
}

/** Players need not be told of new objects that say the same. */
function isSameConfiguration(before: readonly Track[], after: readonly Track[]): boolean {
  return (
    before.length === after.length &&
    before.every(({ codec, config }, index) => codec === after[index]!.codec && config.equals(after[index]!.config))
  );
}
