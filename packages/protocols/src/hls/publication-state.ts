// What a publication has to remember beyond an attempt: what its playlist has promised to players.
import type { MediaPlaylist } from './playlist.ts';
import { asRecord, isListOf, isMediaPlaylist, isTime } from './playlist-check.ts';

/** A segment that has left the playlist and may be deleted when no player can want it any more. */
export interface RetiredSegment {
  readonly uri: string;
  /** Wall clock, ms. */
  readonly deleteAtMs: number;
}

export interface PublicationState {
  readonly playlist: MediaPlaylist;
  readonly retired: readonly RetiredSegment[];
}

const VERSION = 1;

export function serializeState({ playlist, retired }: PublicationState): string {
  return JSON.stringify({ v: VERSION, playlist, retired });
}

/** Undefined for what is no state of ours: a publication starts anew then. */
export function parseState(text: string | undefined): PublicationState | undefined {
  const { v, playlist, retired } = asRecord(parseJson(text));
  const state = { playlist: playlist as MediaPlaylist, retired: retired as RetiredSegment[] };
  return v === VERSION && isMediaPlaylist(playlist) && isListOf(retired, isRetired) ? state : undefined;
}

function isRetired(value: unknown): value is RetiredSegment {
  const { uri, deleteAtMs } = asRecord(value);
  return typeof uri === 'string' && isTime(deleteAtMs);
}

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
