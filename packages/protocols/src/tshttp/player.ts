import { TsDemuxer, type TsDemuxerEvents } from '../container/mpegts/demuxer.ts';
import { openDownload } from '../http/download.ts';
import { PublishError } from '../publisher/errors.ts';
import type { Dial } from '../publisher/publisher.ts';
import type { TsHttpTarget } from './target.ts';

export interface TsHttpPlayOptions {
  readonly target: TsHttpTarget;
  readonly dial: Dial;
  readonly events: TsDemuxerEvents;
  /** Drops the connection. */
  readonly signal: AbortSignal;
  /** For DNS, TCP, TLS, redirects and login up to the head of the response. */
  readonly connectTimeoutMs?: number;
  /** A server may accept and then say nothing, or something that is no MPEG-TS. */
  readonly firstMediaTimeoutMs?: number;
}

/**
 * Plays MPEG-TS from an HTTP server, whatever that calls its type. Resolves when the response has ended in order; rejects with PublishError or with the
 * reason of the signal. No socket and no timer is left then.
 */
export async function playTsHttp(options: TsHttpPlayOptions): Promise<void> {
  const { target, dial, events, signal, connectTimeoutMs = 5000, firstMediaTimeoutMs = 10_000 } = options;
  const silence = new AbortController();
  let hasMedia = false;
  const demuxer = new TsDemuxer({
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
