import type { ListedSegment, MediaPlaylist } from './player-playlist.ts';

/** The segment to read next. */
export interface NextSegment {
  readonly segment: ListedSegment;
  /** Grows where times may start anew: at discontinuities, and when the server has started again. */
  readonly epoch: number;
  /** Segments before it were missed. */
  readonly isJump: boolean;
}

/** RFC 8216 §6.3.3: never closer to the live edge than three target durations. */
const LIVE_EDGE_SEGMENTS = 3;
/** So often in a row a live playlist may be older than one that was read before: caches are. Then its server has started again. */
const MAX_OLD_PLAYLISTS = 3;

/** Where a player stands in a playlist that grows: strictly by media sequence numbers, §6.3.5. */
export class PlaylistCursor {
  #playlist: MediaPlaylist | undefined;
  /** Sequence number of the segment to read next. */
  #next: number | undefined;
  #epoch = -1;
  #oldPlaylists = 0;
  #isRestarted = false;

  /** Segments that are listed and not taken yet. */
  get waiting(): number {
    return this.#playlist?.segments.filter(({ sequence }) => sequence >= (this.#next ?? 0)).length ?? 0;
  }

  /** The playlist has been read again. True when there is something new in it. */
  update(playlist: MediaPlaylist): boolean {
    const before = this.#playlist;
    const isNew = before === undefined || !isSame(playlist, before);
    if (this.#next === undefined) this.#start(playlist);
    else if (isNew && this.#isFromAnotherTime(playlist)) {
      if (++this.#oldPlaylists < MAX_OLD_PLAYLISTS && lastOf(playlist) >= firstOf(before)) return false;
      this.#start(playlist);
      this.#isRestarted = true;
    }
    this.#oldPlaylists = 0;
    this.#playlist = playlist;
    return isNew;
  }

  /** Undefined until the playlist has grown. */
  take(): NextSegment | undefined {
    const wanted = this.#next;
    const segment = this.#playlist?.segments.find(({ sequence }) => sequence >= (wanted ?? 0));
    if (segment === undefined || wanted === undefined) return undefined;
    const isBreak = segment.isDiscontinuity || this.#isRestarted;
    // Servers that do not count their discontinuities are counted for; at the first segment nothing comes before.
    this.#epoch = Math.max(this.#epoch + (isBreak && this.#epoch >= 0 ? 1 : 0), segment.discontinuitySequence, 0);
    this.#isRestarted = false;
    this.#next = segment.sequence + 1;
    return { segment, epoch: this.#epoch, isJump: segment.sequence > wanted };
  }

  #start({ segments, isEnded }: MediaPlaylist): void {
    const first = isEnded ? segments[0] : (segments.at(-LIVE_EDGE_SEGMENTS) ?? segments[0]);
    this.#next = first?.sequence;
  }

  /** Its newest segment was taken long ago. */
  #isFromAnotherTime(playlist: MediaPlaylist): boolean {
    return lastOf(playlist) < (this.#next ?? 0) - 1;
  }
}

function isSame(a: MediaPlaylist, b: MediaPlaylist): boolean {
  return firstOf(a) === firstOf(b) && lastOf(a) === lastOf(b) && a.isEnded === b.isEnded;
}

function firstOf(playlist: MediaPlaylist | undefined): number {
  return playlist?.segments[0]?.sequence ?? 0;
}

/** -1 when nothing is listed. */
function lastOf({ segments }: MediaPlaylist): number {
  return segments.at(-1)?.sequence ?? -1;
}
