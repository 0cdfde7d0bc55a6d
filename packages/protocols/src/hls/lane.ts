// One request after the other on a connection that is kept.
import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import type { buildConnector, Client, Dispatcher } from 'undici';
import { ByteQueue } from '../bytes/byte-queue.ts';
import type { Field } from '../http/request-head.ts';
import type { ResponseHead } from '../http/response-head.ts';
import { authorityOf, dialOptions, type HttpTarget } from '../http/url.ts';
import { withTimeout } from '../publisher/cancel.ts';
import { PublishError } from '../publisher/errors.ts';
import type { Connection, Dial } from '../publisher/publisher.ts';

export interface LaneOptions {
  readonly dial: Dial;
  readonly connectTimeoutMs: number;
  /** Drops all connections, those that are being opened too. */
  readonly signal: AbortSignal;
  readonly connected: (connection: Connection) => void;
  /** An answer begins, and its connection still lives. */
  readonly answered: () => void;
}

export interface LaneRequest {
  readonly method: string;
  readonly fields: readonly Field[];
  /** Sent as it is, with its length; never written to. Without it neither length nor transfer coding is announced. */
  readonly body: Buffer | undefined;
  /** For the connection, the request and the whole answer. */
  readonly timeoutMs: number;
}

export interface Answer extends ResponseHead {
  /** At most so much of it. */
  readonly body: Buffer;
}

/** More than any playlist; what is longer is cut off. */
const MAX_BODY_BYTES = 1 << 20;
/** Servers that close earlier say so in a Keep-Alive field or by closing; the next request then dials anew. */
const KEEP_ALIVE_MS = 60_000;
/** Peers that redirect to ever other hosts do not make us keep ever more connections. */
const MAX_CLIENTS = 4;

/**
 * Keeps one connection to each host that it talks to: the target, and those that it redirects to. A connection that broke is replaced with the
 * next request by one for which the name is resolved anew, so that a target can be moved by DNS.
 */
export class Lane {
  readonly #options: LaneOptions;
  readonly #clients = new Map<string, Client>();
  /** A connection that no request has used. */
  #opened: Connection | undefined;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  /** Rejects with PublishError: that of the dial, `target_closed`, `target_stalled`, `protocol_violation`. */
  async exchange(target: HttpTarget, redirected: boolean, request: LaneRequest): Promise<Answer> {
    const undici = await import('undici'); // 1.2 MB of code: processes without HLS pushes do without it
    this.#options.signal.throwIfAborted();
    const exchange = new LaneExchange(request.timeoutMs, this.#options.answered);
    const { method, fields, body = null } = request;
    const headers = fields.flat();
    this.#client(undici, target, redirected).dispatch({ method, path: target.path, headers, body }, exchange);
    return exchange.answer;
  }

  /** Opens the connection for the first request. Rejects with the PublishError of the dial, or with the reason of the signal. */
  async open(target: HttpTarget): Promise<void> {
    this.#opened = await this.#dial(target, false);
  }

  /** Resolves when no socket is left. */
  async destroy(): Promise<void> {
    const reason = new PublishError('target_closed', 'the push is over');
    this.#opened?.socket.destroy();
    await Promise.all([...this.#clients.values()].map((client) => client.destroy(reason)));
  }

  #client(undici: typeof import('undici'), target: HttpTarget, redirected: boolean): Client {
    const origin = `${target.tls ? 'https' : 'http'}://${authorityOf(target)}`;
    const key = `${origin} ${redirected}`;
    const known = this.#clients.get(key);
    if (known !== undefined) return known;
    if (this.#clients.size === MAX_CLIENTS) this.#dropOldest();
    const client = new undici.Client(origin, {
      connect: (_options, connected) => this.#connect(target, redirected, connected),
      allowH2: false,
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: 0, // requests have a time limit of their own
      bodyTimeout: 0,
    });
    this.#clients.set(key, client);
    return client;
  }

  #dropOldest(): void {
    const [key = '', client] = [...this.#clients].at(1) ?? []; // the first is that of the target itself
    this.#clients.delete(key);
    void client?.destroy();
  }

  /** undici gets every connection from the guarded dial, TLS included: it knows no address policy itself. */
  #connect(target: HttpTarget, redirected: boolean, connected: buildConnector.Callback): void {
    const opened = redirected ? undefined : this.#opened;
    if (opened !== undefined) this.#opened = undefined;
    const connection = opened?.socket.destroyed === false ? Promise.resolve(opened) : this.#dial(target, redirected);
    connection.then(
      ({ socket }) => connected(null, socket as unknown as Socket),
      (error: Error) => connected(error, null),
    );
  }

  async #dial(target: HttpTarget, redirected: boolean): Promise<Connection> {
    const { dial, connectTimeoutMs, signal } = this.#options;
    const timeout = withTimeout(
      signal,
      connectTimeoutMs,
      () => new PublishError('connect_timeout', 'no connection yet'),
    );
    try {
      const connection = await dial({ ...dialOptions(target), redirected, signal: timeout.signal });
      connection.socket.on('error', () => {}); // undici listens only while a request is under way
      this.#options.connected(connection);
      return connection;
    } catch (error) {
      throw timeout.signal.aborted ? timeout.signal.reason : error;
    } finally {
      timeout.stop();
    }
  }
}

/** One request under way. */
class LaneExchange implements Dispatcher.DispatchHandler {
  readonly #answer = Promise.withResolvers<Answer>();
  readonly #timer: NodeJS.Timeout;
  readonly #answered: () => void;
  #controller: Dispatcher.DispatchController | undefined;
  #isOver = false;
  #head: ResponseHead = { status: 0, reason: '', fields: new Map() };
  readonly #body = new ByteQueue();

  constructor(timeoutMs: number, answered: () => void) {
    this.#answered = answered;
    this.#timer = setTimeout(() => this.#onTimeout(timeoutMs), timeoutMs);
  }

  get answer(): Promise<Answer> {
    return this.#answer.promise;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isOver) controller.abort(new PublishError('target_stalled')); // it took too long to connect
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
    reason = '',
  ): void {
    this.#answered();
    this.#head = { status, reason, fields: fieldsOf(headers) };
  }

  onResponseData(_controller: Dispatcher.DispatchController, bytes: Buffer): void {
    const piece = bytes.subarray(0, MAX_BODY_BYTES - this.#body.length);
    if (piece.length > 0) this.#body.push(Buffer.from(piece)); // the parser reuses its memory
  }

  onResponseEnd(): void {
    this.#end();
    this.#answer.resolve({ ...this.#head, body: this.#body.take(this.#body.length)! });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#end();
    this.#answer.reject(asPublishError(error));
  }

  #onTimeout(timeoutMs: number): void {
    const error = new PublishError('target_stalled', `no answer within ${timeoutMs} ms`);
    this.#end();
    this.#answer.reject(error);
    this.#controller?.abort(error);
  }

  #end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }
}

function fieldsOf(headers: IncomingHttpHeaders): Map<string, readonly string[]> {
  return new Map(Object.entries(headers).map(([name, value]) => [name, [value ?? []].flat()]));
}

function asPublishError(error: Error & { code?: string }): PublishError {
  if (error instanceof PublishError) return error;
  const isNoHttp = error.name === 'HTTPParserError' || error.code === 'UND_ERR_HEADERS_OVERFLOW';
  return new PublishError(isNoHttp ? 'protocol_violation' : 'target_closed', error.code ?? error.message, {
    cause: error,
  });
}
