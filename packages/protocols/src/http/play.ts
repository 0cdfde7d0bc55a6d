import type { TrackEvents } from '../container/track-gate.ts';
import { PublishError } from '../publisher/errors.ts';
import type { Dial } from '../publisher/publisher.ts';
import { openDownload } from './download.ts';
import type { HttpTarget } from './url.ts';

export interface HttpPlayOptions {
  /** `headers`: fields of the owner of the input; values may be secret. */
  readonly target: HttpTarget & { readonly headers: Readonly<Record<string, string>> };
  readonly dial: Dial;
  readonly events: TrackEvents;
  /** Drops the connection. */
  readonly signal: AbortSignal;
  /** For DNS, TCP, TLS, redirects and login up to the head of the response. */
  readonly connectTimeoutMs?: number;
  /** A server may accept and then say nothing, or something that holds no media. */
  readonly firstMediaTimeoutMs?: number;
}

/** Throws MalformedError. */
interface Demuxer {
  push(bytes: Buffer): void;
  end(): void;
}

/**
 * Plays a response that may have no end, whatever the server calls its type. Resolves when it has ended in order; rejects with PublishError or
 * with the reason of the signal. No socket and no timer is left then.
 */
export async function playHttp(
  options: HttpPlayOptions,
  createDemuxer: (events: TrackEvents) => Demuxer,
): Promise<void> {
  const { target, dial, events, signal, connectTimeoutMs = 5000, firstMediaTimeoutMs = 10_000 } = options;
  const silence = new AbortController();
  let hasMedia = false;
  const demuxer = createDemuxer({
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
