import { holdsAny, type Sample } from '../media/sample.ts';
import type { Track } from '../media/track.ts';

/** Lateness up to here is left alone: waiting for it would cost more than it mends. */
const TOLERANCE_MS = 10;
/** A track that is later than this would make all wait for too long; its samples go as they come. */
const MAX_WINDOW_MS = 2000;
/** How long one late sample keeps the window open, in media time. */
const MEMORY_MS = 10_000;
const MAX_WAITING = 2000;
/** How long all wait for a track that does not show itself, in media time. */
const MAX_AWAITED_MS = 1000;
/**
 * How long a source is watched that may be late from the start, in media time. ffmpeg gathers sound for 350 ms at most, but its first group may
 * be a short one, which shows less lateness than the next will have.
 */
const WATCHED_MS = 600;

/**
 * Puts the samples of all tracks into one order of decode time. Sources whose tracks come in order pass at once; the window opens only
 * as far as a track has been late, and closes when it has caught up.
 */
export class Interleaver {
  readonly #release: (sample: Sample) => void;
  readonly #waiting: Sample[] = [];
  #newestMs = Number.NEGATIVE_INFINITY;
  #windowMs = 0;
  /** The greatest lateness since `#memoryFromMs`. */
  #worstMs = 0;
  #memoryFromMs = Number.NEGATIVE_INFINITY;
  /** Of each track, as it came. */
  readonly #lastMs: Record<Track['kind'], number> = {
    video: Number.NEGATIVE_INFINITY,
    audio: Number.NEGATIVE_INFINITY,
  };
  /** Nothing passes yet. */
  #isWatching = false;
  /** Tracks that have not shown themselves meanwhile. */
  readonly #awaited = new Set<Track['kind']>();

  constructor(release: (sample: Sample) => void) {
    this.#release = release;
  }

  /** By how much samples are held back now. */
  get windowMs(): number {
    return this.#windowMs;
  }

  get waitingSamples(): number {
    return this.#waiting.length;
  }

  /** Does a sample that waits lie in this memory? */
  holds(memory: ArrayBufferLike): boolean {
    return holdsAny(this.#waiting, memory);
  }

  /**
   * Nothing passes until each of these tracks has shown itself, and how late it is: for sources that are late from the start, as muxers are that
   * gather sound for some tenths of a second.
   */
  await(tracks: readonly Track[]): void {
    for (const { kind } of tracks) this.#awaited.add(kind);
    this.#isWatching = this.#awaited.size > 1; // a track alone cannot be late
  }

  push(sample: Sample): void {
    const timeMs = decodeTimeMs(sample);
    this.#follow(sample.track.kind, timeMs);
    this.#observe(timeMs);
    if (this.#isWatching) {
      this.#insert(sample);
      this.#awaited.delete(sample.track.kind);
      const watchedMs = this.#newestMs - decodeTimeMs(this.#waiting[0]!);
      const enoughMs = this.#awaited.size === 0 ? WATCHED_MS : MAX_AWAITED_MS;
      this.#isWatching = watchedMs < enoughMs && this.#waiting.length <= MAX_WAITING;
      if (!this.#isWatching) this.#releaseUpTo(this.#newestMs - this.#windowMs);
      return;
    }
    if (this.#windowMs === 0 && this.#waiting.length === 0) {
      this.#release(sample);
      return;
    }
    this.#insert(sample);
    const horizonMs = this.#waiting.length > MAX_WAITING ? Number.POSITIVE_INFINITY : this.#newestMs - this.#windowMs;
    this.#releaseUpTo(horizonMs);
  }

  /** Lets everything go: the source has paused, ended or changed its tracks. */
  drain(): void {
    this.#isWatching = false;
    this.#awaited.clear();
    this.#releaseUpTo(Number.POSITIVE_INFINITY);
  }

  /** A track that steps back has begun another line of time: what waits is of the one before, and goes first. */
  #follow(kind: Track['kind'], timeMs: number): void {
    const isStepBack = this.#lastMs[kind] - timeMs > TOLERANCE_MS;
    this.#lastMs[kind] = timeMs;
    if (!isStepBack) return;
    this.drain();
    this.#newestMs = timeMs;
    this.#memoryFromMs = timeMs;
  }

  #observe(timeMs: number): void {
    const lateMs = this.#newestMs - timeMs;
    if (lateMs > TOLERANCE_MS && lateMs <= MAX_WINDOW_MS) {
      this.#worstMs = Math.max(this.#worstMs, lateMs);
      this.#windowMs = Math.max(this.#windowMs, lateMs);
    }
    this.#newestMs = Math.max(this.#newestMs, timeMs);
    if (this.#newestMs - this.#memoryFromMs < MEMORY_MS) return;
    this.#memoryFromMs = this.#newestMs;
    this.#windowMs = this.#worstMs;
    this.#worstMs = 0;
  }

  #insert(sample: Sample): void {
    const timeMs = decodeTimeMs(sample);
    let index = this.#waiting.length;
    while (index > 0 && decodeTimeMs(this.#waiting[index - 1]!) > timeMs) index -= 1;
    this.#waiting.splice(index, 0, sample);
  }

  #releaseUpTo(horizonMs: number): void {
    while (this.#waiting.length > 0 && decodeTimeMs(this.#waiting[0]!) <= horizonMs) {
      this.#release(this.#waiting.shift()!);
    }
  }
}

function decodeTimeMs(sample: Sample): number {
  return (sample.dts * 1000) / sample.track.timescale;
}
