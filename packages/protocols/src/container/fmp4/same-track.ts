import type { Track } from '../../media/track.ts';

/** The track among `known` that is equal to this one in all its fields, else this one: who sees another object takes it for a change. */
export function sameTrack<T extends Track>(track: T, known: readonly Track[]): T {
  return (known.find((other) => isEqual(track, other)) as T | undefined) ?? track;
}

function isEqual(track: Track, other: Track): boolean {
  if (!track.config.equals(other.config)) return false;
  const { config: _config, ...fields } = track;
  const { config: _otherConfig, ...otherFields } = other;
  return JSON.stringify(fields) === JSON.stringify(otherFields);
}
