import type { ListedSegment, MediaPlaylist } from './playlist.ts';

/** A media playlist under way: segments come in at the end and leave at the beginning, and its numbers follow them. RFC 8216 §6.2.2. */
export class PlaylistWindow {
  #segments: ListedSegment[];
  #mediaSequence: number;
  #discontinuitySequence: number;
  #targetDurationS: number;

  constructor(playlist: MediaPlaylist) {
    this.#segments = [...playlist.segments];
    this.#mediaSequence = playlist.mediaSequence;
    this.#discontinuitySequence = playlist.discontinuitySequence;
    this.#targetDurationS = playlist.targetDurationS;
  }

  /** Number of the segment that is added next. */
  get nextSequence(): number {
    return this.#mediaSequence + this.#segments.length;
  }

  /** Nobody has ever published here. */
  get isNew(): boolean {
    return this.#targetDurationS === 0;
  }

  get length(): number {
    return this.#segments.length;
  }

  get durationMs(): number {
    return this.#segments.reduce((sum, { durationMs }) => sum + durationMs, 0);
  }

  /** Wall clock of the end of the last segment; undefined when nobody has said it. */
  get endsAtMs(): number | undefined {
    const last = this.#segments.at(-1);
    return last?.startsAtMs === undefined ? undefined : last.startsAtMs + last.durationMs;
  }

  /** `targetDurationS` counts when it is greater than that of the playlist. */
  add(segment: ListedSegment, targetDurationS: number): void {
    this.#segments.push(segment);
    this.#targetDurationS = Math.max(this.#targetDurationS, targetDurationS);
  }

  /** Removes the first segments until `maxSegments` are left; returns those removed. */
  trim(maxSegments: number): ListedSegment[] {
    const removed = this.#segments.splice(0, Math.max(0, this.#segments.length - maxSegments));
    this.#mediaSequence += removed.length;
    this.#discontinuitySequence += removed.filter(({ isDiscontinuity }) => isDiscontinuity).length;
    return removed;
  }

  /** As `trim`, but leaves at least three target durations, so that players do not run dry. */
  trimLive(maxSegments: number): ListedSegment[] {
    const neededMs = 3000 * this.#targetDurationS;
    let kept = this.#segments.length;
    let keptMs = this.durationMs;
    for (const { durationMs } of this.#segments) {
      if (kept <= maxSegments || keptMs - durationMs < neededMs) break;
      kept -= 1;
      keptMs -= durationMs;
    }
    return this.trim(kept);
  }

  snapshot(isEnded = false): MediaPlaylist {
    return {
      targetDurationS: this.#targetDurationS,
      mediaSequence: this.#mediaSequence,
      discontinuitySequence: this.#discontinuitySequence,
      segments: [...this.#segments],
      isEnded,
    };
  }
}
