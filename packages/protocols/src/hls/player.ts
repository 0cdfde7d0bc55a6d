import type { TrackEvents } from '../container/track-gate.ts';
import { HTTP_SCHEMES, type HttpTarget, parseHttpUrl } from '../http/url.ts';
import { abortion, withTimeout } from '../publisher/cancel.ts';
import { PublishError } from '../publisher/errors.ts';
import type { Dial } from '../publisher/publisher.ts';
import { HlsClient } from './player-client.ts';
import { Pacer } from './player-pacer.ts';
import { loadPlaylist, PlaylistReader } from './player-reader.ts';

export interface HlsPlayOptions {
  /** A multivariant or a media playlist; see parseHlsSource. */
  readonly target: HttpTarget;
  readonly dial: Dial;
  readonly events: TrackEvents;
  /** Drops all connections. */
  readonly signal: AbortSignal;
  /** For DNS, TCP, TLS, redirects and login up to the head of a response. */
  readonly connectTimeoutMs?: number;
  /** For the playlists and the first segment. */
  readonly firstMediaTimeoutMs?: number;
}

const SCHEMES = { hls: 'http', hlss: 'https', ...HTTP_SCHEMES } as const;

/** URL of a playlist to play: hls, hlss, http or https. Throws TargetUrlError. */
export function parseHlsSource(url: string): HttpTarget {
  return parseHttpUrl(url, { schemes: SCHEMES, shape: 'hls://HOST[:PORT]/PATH.m3u8' });
}

/**
 * Plays an HLS stream, RFC 8216: the variant with the highest bit rate, three segments behind the live edge, at the pace of its decode
 * times. The times of the samples are on one line, whatever discontinuities the playlist has. Resolves when the playlist has ended and been
 * played; rejects with PublishError, or with the reason of the signal. No socket and no timer is left then.
 */
export async function playHls(options: HlsPlayOptions): Promise<void> {
  const { target, dial, events, connectTimeoutMs = 5000, firstMediaTimeoutMs = 10_000 } = options;
  const silence = () => new PublishError('source_lost', `no media within ${firstMediaTimeoutMs} ms`);
  const waiting = withTimeout(options.signal, firstMediaTimeoutMs, silence);
  const stop = new AbortController();
  const signal = AbortSignal.any([waiting.signal, stop.signal]);
  const client = new HlsClient({ target, dial, connectTimeoutMs, signal });
  const pacer = new Pacer(events);
  void pacer.started.then(waiting.stop);
  const aborted = abortion(signal);
  try {
    await Promise.race([play(client, pacer, signal), aborted.promise]);
    signal.throwIfAborted();
  } finally {
    aborted.stop();
    waiting.stop();
    pacer.stop();
    stop.abort();
  }
}

async function play(client: HlsClient, pacer: Pacer, signal: AbortSignal): Promise<void> {
  const { url, audioUrl, first } = await chooseVariant(client);
  const main = pacer.addRendition(audioUrl === undefined ? ['video', 'audio'] : ['video']);
  const readers = [new PlaylistReader({ url, first, client, pacer, rendition: main, signal })];
  if (audioUrl !== undefined) {
    const rendition = pacer.addRendition(['audio']);
    readers.push(new PlaylistReader({ url: audioUrl, client, pacer, rendition, signal }));
  }
  await Promise.all([pacer.drained, ...readers.map((reader) => reader.run())]);
}

/** The best variant of a multivariant playlist; a media playlist is the only one. */
async function chooseVariant(client: HlsClient) {
  const { playlist, url } = await loadPlaylist(client, client.url);
  if (playlist.kind === 'media') return { url: client.url, audioUrl: undefined, first: { playlist, url } };
  return { ...playlist.variants[0]!, first: undefined };
}
