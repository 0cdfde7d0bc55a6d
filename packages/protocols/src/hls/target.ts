import { type HttpTarget, parseHttpUrl } from '../http/url.ts';
import type { DeliveryOptions } from '../publisher/delivery.ts';
import { TargetUrlError } from '../publisher/errors.ts';
import type { TargetPlace } from '../publisher/publisher.ts';
import { endsWithFileField, type HlsRules, hlsProfiles, profileFor } from './profiles.ts';
import { awsRegionOf } from './sigv4.ts';

/** Where and how to publish one stream as HLS. */
export interface HlsTarget extends TargetPlace {
  readonly http: HttpTarget;
  readonly rules: HlsRules;
  /** Request target of the media playlist. */
  readonly playlistPath: string;
  /** What segment names begin with, so that playlists in one folder do not share names; empty for a folder of one's own. */
  readonly segmentPrefix: string;
  readonly method: 'PUT' | 'POST';
  readonly deletes: boolean;
  readonly segmentDurationMs: number;
  /** In the playlist, and held back at most for a target that is slow. */
  readonly segmentCount: number;
  /** Fields for every request. Secret. */
  readonly headers: Readonly<Record<string, string>>;
  readonly region: string;
}

const SCHEMES = { hls: 'http', hlss: 'https' } as const;
const SHAPE = 'hls://HOST/FOLDER/ or hls://HOST/FOLDER/NAME.m3u8';
const PLAYLIST_NAME = 'index.m3u8';
/** RFC 8216 §6.2.2: a playlist lists three target durations; fewer segments cannot last that long. */
const MIN_SEGMENT_COUNT = 3;

/**
 * Splits a target URL. One that ends in `.m3u8` names the playlist, and segments go beside it; one that ends in `file=` gets the name of
 * each file appended; any other names the folder of `index.m3u8`. A query goes along with every request and into no playlist. Throws
 * TargetUrlError.
 */
export function parseHlsTarget(url: string, delivery: DeliveryOptions): HlsTarget {
  const http = parseHttpUrl(url, { schemes: SCHEMES, shape: SHAPE });
  const profile = delivery.hlsProfile === 'auto' ? profileFor(http.host, http.path) : delivery.hlsProfile;
  const rules = hlsProfiles[profile];
  const method = delivery.hlsMethod;
  if (!rules.methods.includes(method)) {
    throw new TargetUrlError(`hls_method=${method} does not work with hls_profile=${profile}; leave it out.`);
  }
  const playlistPath = playlistPathOf(http.path);
  return {
    host: http.host,
    port: http.port,
    http,
    rules,
    playlistPath,
    segmentPrefix: segmentPrefixOf(playlistPath),
    method: method === 'post' ? 'POST' : 'PUT',
    deletes: rules.deletes !== 'never' && (delivery.hlsDelete ?? rules.deletes === 'yes'),
    segmentDurationMs: Math.min(delivery.segmentDurationMs, rules.maxSegmentMs),
    segmentCount: Math.max(delivery.segmentCount, MIN_SEGMENT_COUNT),
    headers: delivery.headers,
    region: delivery.s3Region === '' ? awsRegionOf(http.host) : delivery.s3Region,
  };
}

/** Request target of a file whose URI stands in the playlist: beside it, with the same query, or behind `file=`. */
export function pathBeside(playlistPath: string, uri: string): string {
  const field = /^(.*[?&]file=)[^&]*$/s.exec(playlistPath)?.[1];
  if (field !== undefined) return field + uri;
  const { folder, query } = split(playlistPath);
  return folder + uri + query;
}

/** The folders on the way to a file, the outermost first: `/a/`, `/a/b/`. */
export function foldersOf(path: string): string[] {
  const { folder } = split(path);
  const names = folder.split('/').slice(1, -1);
  return names.map((_, index) => `/${names.slice(0, index + 1).join('/')}/`);
}

function playlistPathOf(path: string): string {
  if (endsWithFileField(path)) return path + PLAYLIST_NAME;
  const { folder, name, query } = split(path);
  if (/\.m3u8$/i.test(name)) return path;
  return `${folder}${name}${name === '' ? '' : '/'}${PLAYLIST_NAME}${query}`;
}

function segmentPrefixOf(playlistPath: string): string {
  const { name } = split(playlistPath);
  const base = name.replace(/\.m3u8$/i, '').replaceAll(/[^\w-]/g, '');
  return base === '' || name === PLAYLIST_NAME || playlistPath.includes('file=') ? '' : `${base}-`;
}

function split(path: string): { folder: string; name: string; query: string } {
  const end = path.includes('?') ? path.indexOf('?') : path.length;
  const slash = path.lastIndexOf('/', end - 1);
  return { folder: path.slice(0, slash + 1), name: path.slice(slash + 1, end), query: path.slice(end) };
}
