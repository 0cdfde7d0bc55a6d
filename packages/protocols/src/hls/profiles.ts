// What kinds of targets want of an HLS push. Each column is a rule that one of them makes.
import type { HlsProfile } from '../publisher/delivery.ts';

export type HlsProfileName = Exclude<HlsProfile, 'auto'>;

export interface HlsRules {
  /**
   * `stored`: a playlist lists what the target has acknowledged and nothing else. `announced`: a playlist goes ahead and lists up to five
   * segments that are still on their way.
   */
  readonly listing: 'stored' | 'announced';
  /** A segment waits for the playlist with the one before, at most as long as a segment lasts. */
  readonly isSerial: boolean;
  /** How `connect` asks whether the target is there and who we have to be; also how a playlist that is there is found. */
  readonly probe: 'GET' | 'HEAD' | 'none';
  /** The playlist that is kept in memory is uploaded again when a session begins: the proof that the target takes uploads. */
  readonly repeatsPlaylist: boolean;
  /** Media sequence number of the first segment ever. `clock`: greater than any before, even when nobody remembers them. */
  readonly firstSequence: 'clock' | 'zero';
  readonly followsRedirects: boolean;
  /** 409 means that the folder is missing (RFC 4918 §9.7.1): MKCOL makes it. */
  readonly makesFolders: boolean;
  /** Segments that have left the playlist are deleted, when the push says nothing else. `never`: whatever it says. */
  readonly deletes: 'yes' | 'no' | 'never';
  /** Credentials of the URL sign requests with AWS Signature Version 4; else they answer challenges. */
  readonly signsRequests: boolean;
  readonly methods: readonly ('put' | 'post')[];
  readonly maxSegmentMs: number;
  /** Longest EXT-X-TARGETDURATION, in seconds; segments are cut inside a group of pictures rather than be longer. */
  readonly maxTargetDurationS: number;
  readonly playlistType: string;
  /** Cache-Control of what is uploaded, where the target serves it with the fields that it came with. */
  readonly cacheControl: { readonly playlist: string; readonly segment: string } | undefined;
}

export const SEGMENT_TYPE = 'video/mp2t';
/** Segments on their way that a playlist may list, and those that have arrived and are listed with them, where targets count them. */
export const MAX_ANNOUNCED_SEGMENTS = 5;
export const ACKNOWLEDGED_SEGMENTS_LISTED = 2;

const generic: HlsRules = {
  listing: 'stored',
  isSerial: false,
  probe: 'GET',
  repeatsPlaylist: true,
  firstSequence: 'clock',
  followsRedirects: true,
  makesFolders: true,
  deletes: 'yes',
  signsRequests: false,
  methods: ['put', 'post'],
  maxSegmentMs: Number.POSITIVE_INFINITY,
  maxTargetDurationS: Number.POSITIVE_INFINITY,
  playlistType: 'application/vnd.apple.mpegurl',
  cacheControl: undefined,
};

export const hlsProfiles: Readonly<Record<HlsProfileName, HlsRules>> = {
  /** WebDAV (nginx, Apache), AWS MediaPackage, origins of one's own. */
  generic,
  /** Media Services Live 4 and 5: segment, playlist, segment, playlist; old segments expire by themselves. */
  akamai: {
    ...generic,
    isSerial: true,
    probe: 'HEAD',
    makesFolders: false,
    deletes: 'no',
    playlistType: 'application/x-mpegURL',
  },
  /** Wants a playlist for every segment, numbers from 0, and segments of at most 5 s. */
  youtube: {
    ...generic,
    listing: 'announced',
    probe: 'none',
    repeatsPlaylist: false,
    firstSequence: 'zero',
    followsRedirects: false,
    makesFolders: false,
    deletes: 'never',
    maxSegmentMs: 3000,
    maxTargetDurationS: 5,
  },
  /** S3 and stores that speak like it. A lifecycle rule of the bucket removes old segments for less than a request each. */
  s3: {
    ...generic,
    makesFolders: false,
    deletes: 'no',
    signsRequests: true,
    methods: ['put'],
    cacheControl: { playlist: 'no-cache', segment: 'public, max-age=31536000, immutable' },
  },
};

const PROFILES_BY_HOST: readonly (readonly [HlsProfileName, RegExp])[] = [
  ['akamai', /(^|\.)(akamaihd\.net|akamaientrypoint\.net|mslentrypoint\.net)$/i],
  ['youtube', /(^|\.)youtube\.com$/i],
  ['s3', /(^|\.)amazonaws\.com$/i],
];

/** The profile for a target when the push names none: by its host, or by the `file=` at the end of its URL, which is YouTube's own. */
export function profileFor(host: string, path: string): HlsProfileName {
  if (endsWithFileField(path)) return 'youtube';
  return PROFILES_BY_HOST.find(([, pattern]) => pattern.test(host))?.[0] ?? 'generic';
}

/** The name of what is uploaded goes to the end of the URL, behind `file=`. */
export function endsWithFileField(path: string): boolean {
  return /[?&]file=$/.test(path);
}
