import { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { abortion } from './cancel.ts';
import { PublishError } from './errors.ts';
import type { BatchFeed, Connection, EndKind } from './publisher.ts';
import { SocketSink } from './socket-sink.ts';

/** A target that closes this soon after it has accepted meant to refuse: bad keys and access rules are often told this way. */
const REFUSAL_WINDOW_MS = 3000;

/** A connection on which a target has accepted a publication. */
export interface AcceptedConnection {
  readonly socket: Connection['socket'];
  /** `performance.now()` of the acceptance. */
  readonly acceptedAtMs: number;
  /** Resolves when target or network have ended the publication; never rejects. */
  readonly failure: Promise<PublishError>;
  /** Says goodbye, flushes and closes, within a bounded time. */
  finish(kind: EndKind): Promise<void>;
  destroy(): void;
}

/** What `Publisher.send` does on every connection that takes batches as they are. */
export async function sendFeed(connection: AcceptedConnection, feed: BatchFeed, signal: AbortSignal): Promise<void> {
  const ended = Promise.withResolvers<EndKind>();
  const aborted = abortion(signal);
  // In the very moment: whoever aborts may have found out, just before the next batch goes to all, that another one sends by now.
  const fallSilent = () => {
    feed.close();
    forgetUnsent(connection.socket);
  };
  signal.addEventListener('abort', fallSilent, { once: true });
  try {
    feed.open(new SocketSink(connection.socket, ended.resolve));
    const cause = await Promise.race([aborted.promise, connection.failure, ended.promise]);
    if (cause instanceof PublishError) throw lateRefusal(cause, connection.acceptedAtMs);
    if (cause !== 'aborted') await Promise.race([aborted.promise, connection.finish(cause)]);
    signal.throwIfAborted();
  } finally {
    feed.close();
    aborted.stop();
    signal.removeEventListener('abort', fallSilent);
    if (signal.aborted) forgetUnsent(connection.socket);
    connection.destroy();
  }
}

/**
 * Lets a connection end with a reset when it is destroyed. What the kernel holds would else reach the target when the network is back, long after
 * somebody else has begun. Of TLS Node resets nothing.
 */
function forgetUnsent(socket: Connection['socket']): void {
  if (socket instanceof Socket && !(socket instanceof TLSSocket)) socket.resetAndDestroy();
}

function lateRefusal(error: PublishError, acceptedAtMs: number): PublishError {
  const isEarly = performance.now() - acceptedAtMs < REFUSAL_WINDOW_MS;
  if (error.code !== 'target_closed' || !isEarly) return error;
  return new PublishError('target_refused', error.detail, { cause: error });
}
