// What a publication has to remember beyond an attempt: what its playlist has promised to players.
import type { ListedSegment, MediaPlaylist } from './playlist.ts';

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
/** Of what is read back; more would be none of ours. */
const MAX_SEGMENTS = 10_000;

export function serializeState({ playlist, retired }: PublicationState): string {
  return JSON.stringify({ v: VERSION, playlist, retired });
}

/** Undefined for what is no state of ours: a publication starts anew then. */
export function parseState(text: string | undefined): PublicationState | undefined {
  const { v, playlist, retired } = asRecord(parseJson(text));
  const state = { playlist: playlist as MediaPlaylist, retired: retired as RetiredSegment[] };
  return v === VERSION && isPlaylist(playlist) && isListOf(retired, isRetired) ? state : undefined;
}

function isPlaylist(value: unknown): value is MediaPlaylist {
  const { targetDurationS, mediaSequence, discontinuitySequence, segments, isEnded } = asRecord(value);
  const numbers = [targetDurationS, mediaSequence, discontinuitySequence];
  return numbers.every(isCount) && typeof isEnded === 'boolean' && isListOf(segments, isSegment);
}

function isSegment(value: unknown): value is ListedSegment {
  const { uri, durationMs, startsAtMs, isDiscontinuity } = asRecord(value);
  const hasTime = startsAtMs === undefined || Number.isFinite(startsAtMs);
  return typeof uri === 'string' && Number.isFinite(durationMs) && hasTime && typeof isDiscontinuity === 'boolean';
}

function isRetired(value: unknown): value is RetiredSegment {
  const { uri, deleteAtMs } = asRecord(value);
  return typeof uri === 'string' && Number.isFinite(deleteAtMs);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isListOf<T>(value: unknown, isItem: (item: unknown) => item is T): value is T[] {
  return Array.isArray(value) && value.length <= MAX_SEGMENTS && value.every(isItem);
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
