// Media playlists. RFC 8216.

import type { types } from 'hls-parser';
import * as hlsParser from 'hls-parser';
import { isMediaPlaylist } from './playlist-check.ts';

/** One segment as a playlist lists it. */
export interface ListedSegment {
  /** Relative to the playlist. */
  readonly uri: string;
  readonly durationMs: number;
  /** Wall clock of its first sample, ms; undefined when nobody has said it. */
  readonly startsAtMs: number | undefined;
  /** Its times or codecs do not continue those of the segment before. */
  readonly isDiscontinuity: boolean;
}

export interface MediaPlaylist {
  readonly targetDurationS: number;
  /** Number of the first segment. */
  readonly mediaSequence: number;
  /** Discontinuities that have left the playlist. */
  readonly discontinuitySequence: number;
  readonly segments: readonly ListedSegment[];
  /** Nothing will ever be added. */
  readonly isEnded: boolean;
}

/** As text, in version 3 of the format. */
export function serializePlaylist(playlist: MediaPlaylist): string {
  const { targetDurationS, mediaSequence, discontinuitySequence, segments, isEnded } = playlist;
  return [
    '#EXTM3U',
    '#EXT-X-VERSION:3',
    `#EXT-X-TARGETDURATION:${targetDurationS}`,
    `#EXT-X-MEDIA-SEQUENCE:${mediaSequence}`,
    ...(discontinuitySequence === 0 ? [] : [`#EXT-X-DISCONTINUITY-SEQUENCE:${discontinuitySequence}`]),
    ...segments.flatMap(segmentLines),
    ...(isEnded ? ['#EXT-X-ENDLIST'] : []),
    '',
  ].join('\n');
}

function segmentLines({ uri, durationMs, startsAtMs, isDiscontinuity }: ListedSegment): string[] {
  return [
    ...(isDiscontinuity ? ['#EXT-X-DISCONTINUITY'] : []),
    ...(startsAtMs === undefined ? [] : [`#EXT-X-PROGRAM-DATE-TIME:${new Date(startsAtMs).toISOString()}`]),
    `#EXTINF:${(durationMs / 1000).toFixed(6)},`,
    uri,
  ];
}

/**
 * What a target says it serves. Undefined when that is no media playlist with a number that could be continued. Segments that need more than
 * their URI (keys, init sections, byte ranges) are left out, and the numbers go on behind them.
 */
export function parsePlaylist(text: string): MediaPlaylist | undefined {
  const playlist = parse(text);
  if (playlist === undefined || playlist.isMasterPlaylist) return undefined;
  const { targetDuration, mediaSequenceBase = 0, discontinuitySequenceBase = 0, segments } = playlist;
  const nextSequence = mediaSequenceBase + segments.length;
  if (segments.length === 0) return undefined;
  const isPlain = segments.every(({ uri, key, map, byterange }) => uri && !key && !map && !byterange);
  const discontinuities = segments.filter(({ discontinuity }) => discontinuity).length;
  const found = {
    targetDurationS: Math.max(targetDuration || 0, ...segments.map(({ duration }) => Math.round(duration))),
    mediaSequence: isPlain ? mediaSequenceBase : nextSequence,
    discontinuitySequence: discontinuitySequenceBase + (isPlain ? 0 : discontinuities),
    segments: isPlain ? segments.map(listed) : [],
    isEnded: playlist.endlist,
  };
  return isMediaPlaylist(found) ? found : undefined;
}

function listed({ uri, duration, programDateTime, discontinuity }: types.Segment): ListedSegment {
  const startsAtMs = programDateTime?.getTime();
  return {
    uri,
    durationMs: duration * 1000,
    startsAtMs: Number.isFinite(startsAtMs) ? startsAtMs : undefined,
    isDiscontinuity: discontinuity === true,
  };
}

/** The parser throws errors of many kinds at what is no playlist. */
function parse(text: string): types.MasterPlaylist | types.MediaPlaylist | undefined {
  hlsParser.setOptions({ silent: true });
  try {
    return hlsParser.parse(text) as types.MasterPlaylist | types.MediaPlaylist;
  } catch {
    return undefined;
  }
}
