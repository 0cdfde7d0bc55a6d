import { abortion, withTimeout } from '../publisher/cancel.ts';
import { PublishError } from '../publisher/errors.ts';
import type { Dial } from '../publisher/publisher.ts';
import { openClientConnection } from './client-connection.ts';
import { PlaySession } from './play-session.ts';
import type { RtmpTarget } from './url.ts';
import { MessageType } from './wire/message.ts';

export interface PlayOptions {
  readonly target: RtmpTarget;
  readonly dial: Dial;
  /**
   * Audio (8), video (9) or AMF0 data (18). `timestamp` is 0 to 2^32 - 1 as on the wire; `payload` may be kept and must not be written
   * to. May throw MalformedError, which ends the conversation.
   */
  readonly onMessage: (type: number, timestamp: number, payload: Buffer) => void;
  /** Drops the connection. */
  readonly signal: AbortSignal;
  /** For DNS, TCP, TLS and handshake up to Play.Start. */
  readonly connectTimeoutMs?: number;
  /** Many servers accept to play a stream that is not there, and then say nothing. */
  readonly firstMediaTimeoutMs?: number;
}

/**
 * Plays a stream of an RTMP server. Resolves when the peer has ended it in order; rejects with PublishError (`source_lost` when there is no
 * such stream), or with the reason of the signal. No socket and no timer is left then.
 */
export async function playRtmp(options: PlayOptions): Promise<void> {
  const { target, dial, onMessage, signal, connectTimeoutMs = 5000, firstMediaTimeoutMs = 10_000 } = options;
  const hasMedia = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<'ended'>();
  const client = await openClientConnection({
    target,
    dial,
    signal,
    timeoutMs: connectTimeoutMs,
    createSession: (sessionOptions, events) =>
      new PlaySession(sessionOptions, {
        ...events,
        message: (type, timestamp, payload) => {
          if (type !== MessageType.data) hasMedia.resolve();
          onMessage(type, timestamp, payload);
        },
        ended: () => ended.resolve('ended'),
      }),
  });
  const silence = `no media within ${firstMediaTimeoutMs} ms`;
  const waiting = withTimeout(signal, firstMediaTimeoutMs, () => new PublishError('source_lost', silence));
  void hasMedia.promise.then(waiting.stop);
  const aborted = abortion(waiting.signal);
  try {
    const cause = await Promise.race([aborted.promise, client.failure, ended.promise]);
    if (cause instanceof PublishError) throw cause;
    waiting.signal.throwIfAborted();
  } finally {
    aborted.stop();
    waiting.stop();
    client.destroy();
  }
}
