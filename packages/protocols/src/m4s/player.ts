import { Fmp4Demuxer } from '../container/fmp4/demuxer.ts';
import type { TrackEvents } from '../container/track-gate.ts';
import { openDownload } from '../http/download.ts';
import { PublishError } from '../publisher/errors.ts';
import type { Dial } from '../publisher/publisher.ts';
import type { M4sTarget } from './target.ts';

export interface PlayM4sOptions {
  readonly target: M4sTarget;
  readonly dial: Dial;
  /** Times of samples are ticks of the track's timescale on the line of the sender. */
  readonly events: TrackEvents;
  /** Drops the connection. */
  readonly signal: AbortSignal;
  /** For DNS, TCP, TLS, redirects and login up to the head of the response. */
  readonly connectTimeoutMs?: number;
  /** A server may accept and then say nothing. */
  readonly firstMediaTimeoutMs?: number;
}

/**
 * Plays fragmented MP4 that comes as one response without end. Resolves when the response has ended in order; rejects with PublishError or
 * with the reason of the signal. No socket and no timer is left then.
 */
export async function playM4s(options: PlayM4sOptions): Promise<void> {
  const { target, dial, events, signal, connectTimeoutMs = 5000, firstMediaTimeoutMs = 10_000 } = options;
  const silence = new AbortController();
  let hasMedia = false;
  const demuxer = new Fmp4Demuxer({
    tracks: (tracks) => events.tracks(tracks),
    sample: (sample) => {
      hasMedia = true;
      events.sample(sample);
    },
  });
  const download = await openDownload({
    target,
    headers: target.headers,
    dial,
    signal: AbortSignal.any([signal, silence.signal]),
    timeoutMs: connectTimeoutMs,
    onBytes: (bytes) => demuxer.push(bytes),
  });
  const timer = setTimeout(() => {
    if (!hasMedia) silence.abort(new PublishError('source_lost', `no media within ${firstMediaTimeoutMs} ms`));
  }, firstMediaTimeoutMs);
  await download.ended.finally(() => clearTimeout(timer));
  demuxer.end();
}
