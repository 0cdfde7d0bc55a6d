import type { PublisherDeps } from '../publisher/publisher.ts';
import { openClientConnection } from './client-connection.ts';
import { PublishSession } from './publish-session.ts';
import type { RtmpTarget } from './url.ts';
import type { RtmpMessage } from './wire/message.ts';

/** A publisher that stops right before it says what it would publish: a publication of the same name is not disturbed. */
class ReachSession extends PublishSession {
  /** Some servers take these for the end of whoever publishes the name. */
  protected override announcements(): readonly RtmpMessage[] {
    return [];
  }

  protected override request(): readonly RtmpMessage[] {
    this.enter('live');
    return [];
  }
}

/** Connects to the application of the target, login included, and hangs up. Resolves with what the server said of it. */
export async function reachRtmp(
  target: RtmpTarget,
  { dial, connectTimeoutMs: timeoutMs }: Pick<PublisherDeps, 'dial' | 'connectTimeoutMs'>,
  signal: AbortSignal,
): Promise<string> {
  const createSession = (...args: ConstructorParameters<typeof PublishSession>) => new ReachSession(...args);
  const client = await openClientConnection({ target, dial, signal, timeoutMs, createSession });
  client.destroy();
  return client.session.lastStatus;
}
