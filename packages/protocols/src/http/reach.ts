import { withTimeout } from '../publisher/cancel.ts';
import { PublishError } from '../publisher/errors.ts';
import type { PublisherDeps } from '../publisher/publisher.ts';
import { dialOptions, type HttpTarget } from './url.ts';

/** Dials the target and hangs up: HTTP has nothing to say before the request that publishes. */
export async function reachHttp(
  target: HttpTarget,
  { dial, connectTimeoutMs }: Pick<PublisherDeps, 'dial' | 'connectTimeoutMs'>,
  signal: AbortSignal,
): Promise<undefined> {
  const timeout = withTimeout(signal, connectTimeoutMs, () => new PublishError('connect_timeout', 'no connection yet'));
  try {
    const { socket } = await dial({ ...dialOptions(target), signal: timeout.signal });
    socket.on('error', () => {}).destroy();
  } finally {
    timeout.stop();
  }
}
