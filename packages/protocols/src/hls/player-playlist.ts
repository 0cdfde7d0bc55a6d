// Playlists of others, RFC 8216, as far as a player of one rendition has to know them.
import * as hlsParser from 'hls-parser';
import { PublishError } from '../publisher/errors.ts';

/** Bytes of a resource; all of them when absent. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/** AES-128 of whole segments, §4.3.2.4. */
export interface SegmentKey {
  readonly url: string;
  /** Undefined: the media sequence number is. */
  readonly iv: Buffer | undefined;
}

export interface ListedResource {
  /** Absolute. Secret: many servers put keys into it. */
  readonly url: string;
  readonly range: ByteRange | undefined;
}

export interface ListedSegment extends ListedResource {
  /** Media sequence number. */
  readonly sequence: number;
  /** Sequence number of the stretch between two discontinuities. */
  readonly discontinuitySequence: number;
  /** EXT-X-DISCONTINUITY stands before it. */
  readonly isDiscontinuity: boolean;
  /** The server has said that it is not there. */
  readonly isGap: boolean;
  readonly key: SegmentKey | undefined;
  /** What has to be read before a segment of fragmented MP4. */
  readonly map: ListedResource | undefined;
}

export interface MediaPlaylist {
  readonly kind: 'media';
  readonly targetDurationMs: number;
  readonly segments: readonly ListedSegment[];
  /** Nothing will be added. */
  readonly isEnded: boolean;
}

/** One way to play the whole: a media playlist, and a second one for the sound where that is not in the first. */
export interface Variant {
  readonly bandwidthBps: number;
  readonly url: string;
  readonly audioUrl: string | undefined;
}

export interface MultivariantPlaylist {
  readonly kind: 'multivariant';
  /** The best one first. */
  readonly variants: readonly Variant[];
}

/** Where the playlist does not say. */
const USUAL_TARGET_DURATION_S = 6;

hlsParser.setOptions({ silent: true }); // it would write to the console what it finds odd

/** `url`: where the text was got, which its relative URLs start from. Throws PublishError. */
export function parsePlaylist(text: string, url: string): MediaPlaylist | MultivariantPlaylist {
  if (!/^\ufeff?#EXTM3U/.test(text))
    throw violation('what was answered is no playlist: it does not begin with #EXTM3U');
  try {
    // What a tag lacks is absent from the result, whatever its types say.
    const playlist = hlsParser.parse(text.replace(/^\ufeff/, '')) as ParsedPlaylist;
    return playlist.isMasterPlaylist ? multivariantOf(playlist, url) : mediaOf(playlist, url);
  } catch (error) {
    throw error instanceof PublishError ? error : violation('the playlist cannot be read', error);
  }
}

type ParsedPlaylist = hlsParser.types.MasterPlaylist | hlsParser.types.MediaPlaylist;

function multivariantOf({ variants }: hlsParser.types.MasterPlaylist, base: string): MultivariantPlaylist {
  const playable = variants.filter(({ isIFrameOnly }) => isIFrameOnly !== true);
  if (playable.length === 0) throw violation('the multivariant playlist lists no variant');
  const listed = playable.map(({ uri, bandwidth, audio }) => {
    const url = absolute(uri, base);
    const sounds = audio.filter((rendition) => rendition.uri !== undefined);
    const sound = (sounds.find(({ isDefault }) => isDefault) ?? sounds[0])?.uri;
    const audioUrl = sound === undefined ? undefined : absolute(sound, base);
    return { bandwidthBps: bandwidth || 0, url, audioUrl: audioUrl === url ? undefined : audioUrl };
  });
  return { kind: 'multivariant', variants: listed.sort((a, b) => b.bandwidthBps - a.bandwidthBps) };
}

function mediaOf(playlist: hlsParser.types.MediaPlaylist, base: string): MediaPlaylist {
  const { segments, endlist } = playlist;
  const longest = Math.max(0, ...segments.map(({ duration }) => duration || 0));
  const seconds = playlist.targetDuration || longest || USUAL_TARGET_DURATION_S;
  return {
    kind: 'media',
    targetDurationMs: seconds * 1000,
    segments: segments.map((segment) => segmentOf(segment, base)),
    isEnded: endlist,
  };
}

function segmentOf(segment: hlsParser.types.Segment, base: string): ListedSegment {
  const { uri, byterange, map, mediaSequenceNumber, discontinuitySequence, discontinuity, gap, key } = segment;
  return {
    url: absolute(uri, base),
    range: byterange ?? undefined,
    sequence: mediaSequenceNumber,
    discontinuitySequence,
    isDiscontinuity: discontinuity === true,
    isGap: gap === true,
    key: keyOf(key ?? undefined, base),
    map: map ? { url: absolute(map.uri, base), range: map.byterange } : undefined,
  };
}

function keyOf(key: hlsParser.types.Key | undefined, base: string): SegmentKey | undefined {
  if (key === undefined || key.method === 'NONE') return undefined;
  if (key.method !== 'AES-128' || key.uri === undefined) {
    throw new PublishError(
      'source_lost',
      `its segments are encrypted with ${printable(key.method)}, which is not supported`,
    );
  }
  return { url: absolute(key.uri, base), iv: key.iv === undefined ? undefined : Buffer.from(key.iv) };
}

function absolute(uri: string, base: string): string {
  const url = URL.parse(uri, base);
  if (url === null) throw violation('the playlist holds something that is no URL');
  url.hash = '';
  return url.href;
}

function printable(text: string): string {
  return text.replaceAll(/[^\w-]/g, '').slice(0, 32);
}

function violation(detail: string, cause?: unknown): PublishError {
  return new PublishError('protocol_violation', detail, { cause });
}
