import { isIP } from 'node:net';
import { abortion, withTimeout } from '../publisher/cancel.ts';
import { PublishError } from '../publisher/errors.ts';
import type { Connection, Dial } from '../publisher/publisher.ts';
import type { ClientSessionEvents, ClientSessionOptions, Reconnect, RtmpClientSession } from './client-session.ts';
import type { RtmpTarget } from './url.ts';

const MAX_REDIRECTS = 5;
/** One connection names the user, the next answers the challenge. */
const MAX_AUTH_ROUNDS = 2;

export interface OpenOptions<Session> {
  readonly target: RtmpTarget;
  readonly dial: Dial;
  /** Drops the connection. */
  readonly signal: AbortSignal;
  /** For everything up to acceptance, on however many connections. */
  readonly timeoutMs: number;
  readonly createSession: (options: ClientSessionOptions, events: ClientSessionEvents) => Session;
}

/**
 * Dials and converses until a peer has accepted, on as many connections as redirects and authentication take. Rejects with PublishError
 * (`connect_timeout` and all that dial and session know), or with the reason of the signal.
 */
export async function openClientConnection<Session extends RtmpClientSession>(
  options: OpenOptions<Session>,
): Promise<ClientConnection<Session>> {
  let session: Session | undefined;
  const createSession: typeof options.createSession = (...args) => {
    session = options.createSession(...args);
    return session;
  };
  const timeout = withTimeout(options.signal, options.timeoutMs, () => {
    const detail = session === undefined ? 'no connection yet' : `no answer to ${session.awaited}`;
    return new PublishError('connect_timeout', detail);
  });
  try {
    return await openInRounds({ ...options, createSession, signal: timeout.signal });
  } catch (error) {
    throw timeout.signal.aborted ? timeout.signal.reason : error;
  } finally {
    timeout.stop();
  }
}

async function openInRounds<Session extends RtmpClientSession>({
  target,
  dial,
  signal,
  createSession,
}: OpenOptions<Session>): Promise<ClientConnection<Session>> {
  let options: ClientSessionOptions = { target, login: target };
  let redirects = 0;
  let authRounds = 0;
  for (;;) {
    const connection = await dialTarget(options.target, dial, signal, redirects > 0);
    const client = new ClientConnection(connection, (events) => createSession(options, events));
    const outcome = await client.outcome(signal);
    if (outcome === undefined) return client;
    client.destroy();
    const isRedirect = outcome.reason === 'redirect';
    options = { target: outcome.target, login: isRedirect ? outcome.target : options.login };
    redirects += isRedirect ? 1 : 0;
    authRounds = isRedirect ? 0 : authRounds + 1;
    if (redirects > MAX_REDIRECTS) throw new PublishError('redirect_limit', outcome.detail);
    if (authRounds > MAX_AUTH_ROUNDS) throw new PublishError('rtmp_auth', outcome.detail);
  }
}

async function dialTarget(
  target: RtmpTarget,
  dial: Dial,
  signal: AbortSignal,
  redirected: boolean,
): Promise<Connection> {
  const { host, port, tlsVerify: verify } = target;
  const servername = isIP(host) === 0 ? { servername: host } : {}; // SNI is for names only
  return dial({ host, port, signal, redirected, ...(target.tls && { tls: { verify, ...servername } }) });
}

/** A socket with a session on it. */
export class ClientConnection<Session extends RtmpClientSession> {
  readonly session: Session;
  readonly #connection: Connection;
  readonly #outcome = Promise.withResolvers<Reconnect | PublishError | undefined>();
  readonly #failure = Promise.withResolvers<PublishError>();
  readonly #closed = Promise.withResolvers<void>();
  /** A destroyed socket counts what it has thrown away as written. */
  #finalBytesSent: number | undefined;

  constructor(connection: Connection, createSession: (events: ClientSessionEvents) => Session) {
    this.#connection = connection;
    const { socket } = connection;
    this.session = createSession({
      send: (bytes) => socket.write(bytes),
      accepted: () => this.#outcome.resolve(undefined),
      reconnect: (reconnect) => this.#outcome.resolve(reconnect),
      failed: (error) => {
        this.#outcome.resolve(error);
        this.#failure.resolve(error);
      },
    });
    socket.on('data', (bytes: Buffer) => this.session.receive(bytes));
    socket.on('end', () => this.session.peerClosed());
    socket.on('error', (error: NodeJS.ErrnoException) => this.session.peerClosed(error.code ?? error.message));
    socket.on('close', () => {
      this.session.peerClosed();
      this.#closed.resolve();
    });
    this.session.start();
  }

  get socket(): Connection['socket'] {
    return this.#connection.socket;
  }

  /** Resolves when the session has failed, at any time; never rejects. */
  get failure(): Promise<PublishError> {
    return this.#failure.promise;
  }

  /**
   * What the request came to: undefined when it was accepted. Rejects with PublishError when it was refused; when the signal is aborted, with
   * its reason. The connection is gone then.
   */
  async outcome(signal: AbortSignal): Promise<Reconnect | undefined> {
    const aborted = abortion(signal);
    const outcome = await Promise.race([this.#outcome.promise, aborted.promise]).finally(aborted.stop);
    if (outcome === 'aborted') {
      this.destroy();
      throw signal.reason;
    }
    if (!(outcome instanceof PublishError)) return outcome;
    this.destroy();
    throw outcome;
  }

  /** Flushes, closes our side and waits for the peer to close its own, at most so long. */
  async finish(timeoutMs: number): Promise<void> {
    const timer = setTimeout(() => this.destroy(), timeoutMs);
    this.socket.end();
    await this.#closed.promise;
    clearTimeout(timer);
  }

  destroy(): void {
    this.#finalBytesSent ??= this.bytesSent;
    this.socket.destroy();
  }

  /** Bytes that the kernel has taken. */
  get bytesSent(): number {
    return this.#finalBytesSent ?? this.socket.bytesWritten - this.socket.writableLength;
  }
}
