import type { ListedSegment } from './playlist.ts';
import type { PlaylistWindow } from './playlist-window.ts';
import type { RetiredSegment } from './publication-state.ts';

/** More than any playlist holds; what nobody could delete for so long stays where it is. */
const MAX_RETIRED = 1000;

/**
 * Segments that have left the playlist, until they may be deleted: a player that loaded the longest playlist just before may want to play all
 * of it (RFC 8216 §6.2.2).
 */
export class Retention {
  #retired: RetiredSegment[];
  #longestMs = 0;

  constructor(retired: readonly RetiredSegment[]) {
    this.#retired = [...retired];
  }

  /** In the order in which they may be deleted. */
  get retired(): readonly RetiredSegment[] {
    return this.#retired;
  }

  /** The window is as long as it will be before segments leave. */
  noteLength({ durationMs }: PlaylistWindow): void {
    this.#longestMs = Math.max(this.#longestMs, durationMs);
  }

  /** `segments` have just left the window. */
  retire(segments: readonly ListedSegment[], { durationMs }: PlaylistWindow, now: number): void {
    const deleteAtMs = now + durationMs + this.#longestMs;
    this.#retired.push(...segments.map(({ uri }) => ({ uri, deleteAtMs })));
    this.#retired.splice(0, this.#retired.length - MAX_RETIRED);
  }

  /** Takes out the next one that may be deleted now. */
  takeDue(now: number): string | undefined {
    const [first] = this.#retired;
    if (first === undefined || first.deleteAtMs > now) return undefined;
    this.#retired.shift();
    return first.uri;
  }
}
