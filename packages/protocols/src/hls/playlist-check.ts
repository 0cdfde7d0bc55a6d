// Playlists that come from outside: whether they hold nothing that could not be written again.
import type { ListedSegment, MediaPlaylist } from './playlist.ts';

/** More would be none of ours. */
const MAX_ITEMS = 10_000;
const MAX_DURATION_S = 86_400;
/** Beyond this there is no date, ECMA-262 §21.4.1.1. */
const MAX_TIME_MS = 8.64e15;

export function isMediaPlaylist(value: unknown): value is MediaPlaylist {
  const { targetDurationS, mediaSequence, discontinuitySequence, segments, isEnded } = asRecord(value);
  const numbers = [targetDurationS, mediaSequence, discontinuitySequence];
  const isPlausible = numbers.every(isCount) && (targetDurationS as number) <= MAX_DURATION_S;
  return isPlausible && typeof isEnded === 'boolean' && isListOf(segments, isListedSegment);
}

export function isListOf<T>(value: unknown, isItem: (item: unknown) => item is T): value is T[] {
  return Array.isArray(value) && value.length <= MAX_ITEMS && value.every(isItem);
}

export function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

export function isTime(value: unknown): value is number {
  return Number.isFinite(value) && Math.abs(value as number) <= MAX_TIME_MS;
}

function isListedSegment(value: unknown): value is ListedSegment {
  const { uri, durationMs, startsAtMs, isDiscontinuity } = asRecord(value);
  const isDuration = Number.isFinite(durationMs) && Math.abs((durationMs as number) / 1000) <= MAX_DURATION_S;
  const hasTime = startsAtMs === undefined || isTime(startsAtMs);
  return typeof uri === 'string' && isDuration && hasTime && typeof isDiscontinuity === 'boolean';
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
