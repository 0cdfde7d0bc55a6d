import { setTimeout as delay } from 'node:timers/promises';
import { MalformedError } from '../bytes/malformed-error.ts';
import { PublishError } from '../publisher/errors.ts';
import type { HlsClient } from './player-client.ts';
import { type NextSegment, PlaylistCursor } from './player-cursor.ts';
import { SegmentKeys } from './player-keys.ts';
import type { PacedRendition, Pacer } from './player-pacer.ts';
import { type ListedResource, type ListedSegment, type MediaPlaylist, parsePlaylist } from './player-playlist.ts';
import { MAX_SEGMENT_BYTES, SegmentDemuxer } from './player-segment.ts';

/** A playlist and where redirects have led to it. */
export interface PulledPlaylist {
  readonly playlist: MediaPlaylist;
  readonly url: string;
}

export interface ReaderOptions {
  /** Of the media playlist. */
  readonly url: string;
  /** The playlist as it has just been read, where it has. */
  readonly first?: PulledPlaylist | undefined;
  readonly client: HlsClient;
  readonly pacer: Pacer;
  readonly rendition: PacedRendition;
  readonly signal: AbortSignal;
}

const PLAYLIST_LIMITS = { maxBytes: 4 << 20, timeoutMs: 10_000 };
/** A target duration of a fraction of a second must not become a flood of requests. */
const MIN_POLL_MS = 500;
/** A live playlist that has not grown for so many target durations is dead ... */
const MAX_STALE_TARGET_DURATIONS = 3;
/** ... but not sooner than this: servers restart. */
const MIN_STALE_MS = 10_000;
/** Pauses before a segment is asked for again. */
const RETRY_PAUSES_MS = [500, 1000];
/** So many segments in a row may be missing or broken. */
const MAX_LOST_SEGMENTS = 3;
/** This many waiting segments mean that the server's clock runs faster than ours, and how much faster we let go then. */
const LATE_SEGMENTS = 5;
const CATCH_UP_SPEED = 1.05;

/** A playlist of either kind, and where redirects have led to it. Rejects with PublishError, or with the reason of the signal. */
export async function loadPlaylist(client: HlsClient, from: string) {
  const { bytes, url } = await client.load({ url: from, range: undefined }, PLAYLIST_LIMITS);
  return { playlist: parsePlaylist(bytes.toString(), url), url };
}

/** Reads one media playlist as it grows, and its segments one after the other, not faster than they are wanted. */
export class PlaylistReader {
  readonly #options: ReaderOptions;
  readonly #cursor = new PlaylistCursor();
  readonly #demuxer: SegmentDemuxer;
  readonly #keys: SegmentKeys;
  /** Where the playlist is asked for next: where redirects have led, until that fails. */
  #url: string;
  #playlist: MediaPlaylist | undefined;
  #pollAt = 0;
  #changedAt = performance.now();
  #pollError: unknown;
  #lostSegments = 0;
  #epoch = -1;
  #map: { readonly listed: string; readonly bytes: Buffer } | undefined;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#url = options.url;
    this.#demuxer = new SegmentDemuxer(options.rendition);
    this.#keys = new SegmentKeys(options.client);
  }

  /** Resolves when the playlist has ended and all of it has been read. Rejects with PublishError, or with the reason of the signal. */
  async run(): Promise<void> {
    const { rendition, signal, first } = this.#options;
    await this.#poll(first);
    if (this.#playlist === undefined) throw this.#pollError;
    for (;;) {
      signal.throwIfAborted();
      const next = this.#cursor.take();
      if (next !== undefined) {
        await this.#read(next);
        await rendition.room();
      } else if (this.#playlist.isEnded) {
        break;
      } else {
        this.#refuseStale();
        await delay(Math.max(this.#pollAt - performance.now(), 0), undefined, { signal }).catch(() => {});
      }
      if (performance.now() >= this.#pollAt && !this.#playlist.isEnded) await this.#poll();
    }
    this.#demuxer.reset();
    rendition.end();
  }

  /** RFC 8216 §6.3.4: a target duration after a change, half of it when there was none. */
  async #poll(pulled?: PulledPlaylist): Promise<void> {
    const startedAt = performance.now();
    const isNew = await this.#update(pulled).catch((error: unknown) => {
      this.#options.signal.throwIfAborted();
      this.#pollError = error;
      this.#url = this.#options.url;
      return false;
    });
    const { targetDurationMs = 0 } = this.#playlist ?? {};
    if (isNew) this.#changedAt = startedAt;
    this.#pollAt = startedAt + Math.max(isNew ? targetDurationMs : targetDurationMs / 2, MIN_POLL_MS);
    this.#options.pacer.speed = this.#cursor.waiting >= LATE_SEGMENTS && !this.#playlist?.isEnded ? CATCH_UP_SPEED : 1;
  }

  async #update(pulled?: PulledPlaylist): Promise<boolean> {
    const { playlist, url } = pulled ?? (await this.#pull());
    this.#url = url;
    this.#pollError = undefined;
    this.#playlist = playlist;
    return this.#cursor.update(playlist);
  }

  async #pull(): Promise<PulledPlaylist> {
    const { playlist, url } = await loadPlaylist(this.#options.client, this.#url);
    if (playlist.kind === 'media') return { playlist, url };
    throw new PublishError('protocol_violation', 'a multivariant playlist lists another one');
  }

  #refuseStale(): void {
    const limitMs = Math.max(MAX_STALE_TARGET_DURATIONS * (this.#playlist?.targetDurationMs ?? 0), MIN_STALE_MS);
    const staleMs = performance.now() - this.#changedAt;
    if (staleMs < limitMs) return;
    throw (
      this.#pollError ??
      new PublishError('source_lost', `the playlist has not grown for ${Math.round(staleMs / 1000)} s`)
    );
  }

  async #read({ segment, epoch, isJump }: NextSegment): Promise<void> {
    const { rendition } = this.#options;
    if (isJump || epoch !== this.#epoch) this.#demuxer.reset();
    this.#epoch = epoch;
    rendition.startSegment(epoch);
    if (segment.isGap) return this.#demuxer.reset();
    try {
      const [bytes, init] = [await this.#load(segment), await this.#initOf(segment)];
      this.#demuxer.push(bytes, init);
      this.#lostSegments = 0;
    } catch (error) {
      this.#options.signal.throwIfAborted();
      this.#demuxer.reset();
      this.#lostSegments += 1;
      if (this.#lostSegments >= MAX_LOST_SEGMENTS) throw asPublishError(error);
    }
  }

  async #initOf(segment: ListedSegment): Promise<Buffer | undefined> {
    const { map, key, sequence } = segment;
    if (map === undefined) return undefined;
    const listed = JSON.stringify(map);
    if (this.#map?.listed === listed) return this.#map.bytes;
    const loaded = await this.#loadPlain(map);
    const isPlain = key === undefined || loaded.toString('latin1', 4, 8) === 'ftyp';
    const bytes = isPlain ? loaded : await this.#keys.decrypt(loaded, key, sequence);
    this.#map = { listed, bytes };
    return bytes;
  }

  async #load(segment: ListedSegment): Promise<Buffer> {
    const bytes = await this.#loadPlain(segment);
    return segment.key === undefined ? bytes : this.#keys.decrypt(bytes, segment.key, segment.sequence);
  }

  /** Asks again a little later when it fails: caches learn of a segment after its playlist. */
  async #loadPlain(resource: ListedResource): Promise<Buffer> {
    const { client, signal } = this.#options;
    const timeoutMs = Math.max(2 * (this.#playlist?.targetDurationMs ?? 0), MIN_STALE_MS);
    for (const pauseMs of [...RETRY_PAUSES_MS, undefined]) {
      try {
        return (await client.load(resource, { maxBytes: MAX_SEGMENT_BYTES, timeoutMs })).bytes;
      } catch (error) {
        if (pauseMs === undefined || signal.aborted) throw error;
        await delay(pauseMs, undefined, { signal }).catch(() => {});
      }
    }
    throw new Error('the last try has neither worked nor failed');
  }
}

function asPublishError(error: unknown): unknown {
  return error instanceof MalformedError
    ? new PublishError('protocol_violation', error.message, { cause: error })
    : error;
}
