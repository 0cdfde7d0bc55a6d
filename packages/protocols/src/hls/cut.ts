// Where a segment ends. Pure: times in, a decision out.

export interface CutRules {
  /** Wanted length of a segment. */
  readonly durationMs: number;
  /** A segment that lasted this long would round to more than EXT-X-TARGETDURATION; unknown until the first one is complete. */
  readonly limitMs: number;
}

/** A segment under way, and the sample that comes next. Times in ms. */
export interface CutPoint {
  /** Length of the segment if it is cut before this sample. */
  readonly lengthMs: number;
  /** Distance of two samples. */
  readonly stepMs: number;
  /** The sample is one that players can start at. */
  readonly isSync: boolean;
  /** The sample follows the one before it without a gap. */
  readonly isContinuous: boolean;
  readonly sizeBytes: number;
}

/** A segment is held in memory as a whole; at 64 MiB something other than its length is wrong. */
export const MAX_SEGMENT_BYTES = 64 << 20;
/** Of a first segment, as long as its stream has no sync sample where it could end. */
export const MAX_FIRST_SEGMENT_MS = 60_000;

/**
 * Segments end before the first sync sample with which they have reached their length, give or take half a sample, so that the rounding of a
 * source's clock does not make one a whole group of pictures longer. As the last resort they end before any sample: when the next chance
 * would come too late, when a hole in the source would have to be bridged, or when they are too large.
 */
export function isCut({ durationMs, limitMs }: CutRules, point: CutPoint): boolean {
  const { lengthMs, stepMs, isSync, isContinuous, sizeBytes } = point;
  if (!isContinuous || sizeBytes >= MAX_SEGMENT_BYTES) return true;
  if (isSync && lengthMs >= durationMs - stepMs / 2) return true;
  return lengthMs + stepMs >= limitMs;
}

/**
 * EXT-X-TARGETDURATION for a stream whose longest group of pictures so far lasts `groupMs`: a segment that has to wait for the end of its last
 * group must still fit in, for the value may never change (RFC 8216 §6.2.1). Lengths are compared rounded, §4.3.3.1.
 */
export function targetDurationOf(durationMs: number, groupMs: number): number {
  return Math.max(1, Math.round((durationMs + groupMs) / 1000));
}

/** The first length that rounds to more than the target duration. */
export function limitOf(targetDurationS: number): number {
  return (targetDurationS + 0.5) * 1000;
}
