// The server's side of one connection: socket, timers and handlers around RtmpServerSession.
import type { Socket } from 'node:net';
import type { BatchSink } from '../publisher/publisher.ts';
import type { LowWaterSocket } from './low-water.ts';
import { defaultServerLimits, type RtmpServerLimits, RtmpServerSession, type StreamRequest } from './server-session.ts';
import { setSharedInterval } from './shared-interval.ts';

export { SERVER_MESSAGE_STREAM_ID } from './server-reply.ts';
export { SERVER_CHUNK_SIZE } from './server-session.ts';

export interface PublishRequest {
  /** The application as the peer sent it, without its query. */
  readonly app: string;
  /** Name of the stream: application and stream put together, conventional applications left out (`resolveStreamName`). */
  readonly name: string;
  /** Query of the URL, not decoded. May hold a key or token: not for logs. */
  readonly query: string;
  /** `ip:port`. */
  readonly peer: string;
  /** What the peer says it is (flashVer); may be empty. */
  readonly agent: string;
}

export type PlayRequest = PublishRequest;

/** Takes what a publisher sends. */
export interface IngestSink {
  /**
   * One message: audio (8), video (9) or AMF0 data (18; as sent, so with or without `@setDataFrame` in front). `timestamp` is the 32-bit
   * value of the wire. `payload` must not be written to, and may be kept for as long as `holds` says so. May throw MalformedError, which ends the
   * publication.
   */
  message(type: number, timestamp: number, payload: Buffer): void;
  /** Is a payload, or a part of one, still needed that lies in this memory? Where nobody can tell, all are kept. */
  holds?(memory: ArrayBufferLike): boolean;
  /** End of a socket read: a good moment to flush. */
  idle?(): void;
  /** The publication is over, whoever ended it. Called exactly once, and last. */
  ended(reason: string): void;
}

export type PublishAnswer =
  | { readonly accept: true; readonly sink: IngestSink }
  | {
      readonly accept: false;
      readonly code: 'NetStream.Publish.BadName' | 'NetStream.Publish.Denied';
      readonly description: string;
    };

export type PlayAnswer =
  | {
      readonly accept: true;
      /**
       * Called once, after Play.Start has been sent. The sink takes batches of the RTMP packager made with SERVER_CHUNK_SIZE and
       * SERVER_MESSAGE_STREAM_ID. Not called when the player has left in the meantime.
       */
      start(sink: BatchSink): void;
      /** The player is gone, or was sent away. Called exactly once, and last. */
      stopped(): void;
    }
  | {
      readonly accept: false;
      readonly code: 'NetStream.Play.StreamNotFound' | 'NetStream.Play.Failed';
      readonly description: string;
    };

export interface RtmpServerHandlers {
  /** `connection.close` ends this publication and the connection; a reason like `replaced by a new publisher` is told to the peer. */
  publish(request: PublishRequest, connection: { close(reason: string): void }): Promise<PublishAnswer>;
  play(request: PlayRequest): Promise<PlayAnswer>;
  /** One of the two above has rejected, or a sink has thrown what it must not. The peer has been sent away already; this is for the log. */
  failed?(error: unknown): void;
}

export interface RtmpServerOptions extends RtmpServerLimits {
  /** Longest time that a peer may leave waiting bytes unread. */
  readonly writeTimeoutMs: number;
  /** The same socket, where it can be told to read only when so many bytes have come; else it reads whatever comes. */
  readonly lowWater?: LowWaterSocket | undefined;
}

const defaultServerOptions: RtmpServerOptions = { ...defaultServerLimits, writeTimeoutMs: 15_000 };

/** How long the peer may take to close its side after we have closed ours. */
const FIN_TIMEOUT_MS = 1_000;
/** Sound that waits for a picture waits no longer than this. */
const MAX_TICK_MS = 250;
const KEEP_ALIVE_MS = 30_000;
/** Replies that a peer may provoke without reading any. */
const MAX_UNREAD_REPLY_BYTES = 1024 * 1024;

/** Serves one accepted TCP or TLS connection until it ends. Takes over the socket, its errors included; what it reads is used up at once. */
export function serveRtmpConnection(
  socket: Socket,
  handlers: RtmpServerHandlers,
  options: Partial<RtmpServerOptions> = {},
): void {
  new RtmpServerConnection(socket, handlers, { ...defaultServerOptions, ...options }).start();
}

class RtmpServerConnection {
  readonly #socket: Socket;
  readonly #handlers: RtmpServerHandlers;
  readonly #options: RtmpServerOptions;
  readonly #session: RtmpServerSession;
  readonly #peer: string;
  /** The request that goes on; a decision about another one comes too late. */
  #request: StreamRequest | undefined;
  #ingest: IngestSink | undefined;
  #stopped: (() => void) | undefined;
  #error = 'the peer closed the connection';
  #endReason = '';
  #stopTicking: (() => void) | undefined;
  #closer: NodeJS.Timeout | undefined;
  #unreadReplyBytes = 0;

  constructor(socket: Socket, handlers: RtmpServerHandlers, options: RtmpServerOptions) {
    this.#socket = socket;
    this.#handlers = handlers;
    this.#options = options;
    this.#peer = peerOf(socket);
    this.#session = new RtmpServerSession(
      {
        send: (bytes) => this.#send(bytes),
        request: (request) => this.#decide(request),
        media: (type, timestamp, payload) => this.#ingest?.message(type, timestamp, payload),
        isHeld: (memory) => this.#ingest?.holds?.(memory) ?? true,
        lowWater: options.lowWater,
        ended: (reason) => this.#ended(reason),
        close: (lingerMs) => this.#close(lingerMs),
      },
      options,
    );
  }

  start(): void {
    const socket = this.#socket;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    socket.on('end', () => socket.end());
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#error = `the connection broke (${error.code ?? error.message})`;
    });
    socket.on('close', () => {
      this.#stopTicking?.();
      clearTimeout(this.#closer);
      this.#guard(() => this.#session.peerClosed(this.#error));
    });
    const { handshakeTimeoutMs, requestTimeoutMs, mediaTimeoutMs, writeTimeoutMs } = this.#options;
    // Only players set one. Node counts a write of which the kernel has taken another part as activity.
    socket.on('timeout', () => {
      if (socket.writableLength > 0) this.#destroy(`the peer read nothing for ${writeTimeoutMs} ms`);
    });
    const tickMs = Math.min(MAX_TICK_MS, handshakeTimeoutMs, requestTimeoutMs, mediaTimeoutMs);
    this.#tick();
    this.#stopTicking = setSharedInterval(() => this.#tick(), tickMs);
  }

  #receive(bytes: Buffer): void {
    try {
      this.#session.receive(bytes);
      this.#ingest?.idle?.();
    } catch (error) {
      this.#failed(error);
    }
  }

  #tick(): void {
    if (this.#socket.writableLength === 0) this.#unreadReplyBytes = 0;
    this.#guard(() => this.#session.tick(performance.now()));
  }

  /** For everything that may hand out media. */
  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** What one peer sends must never end the process, and with it everybody's connections. */
  #failed(error: unknown): void {
    this.#destroy('the server failed to take what was sent');
    this.#handlers.failed?.(error);
  }

  #send(bytes: Buffer): void {
    if (!this.#socket.writable) return;
    this.#socket.write(bytes);
    this.#unreadReplyBytes += bytes.length;
    if (this.#unreadReplyBytes > MAX_UNREAD_REPLY_BYTES && this.#socket.writableLength > 0) {
      this.#destroy('the peer does not read the replies that it asks for');
    }
  }

  #destroy(reason: string): void {
    this.#error = reason;
    this.#socket.destroy();
  }

  #decide(request: StreamRequest): void {
    this.#request = request;
    const decision = request.kind === 'publish' ? this.#decidePublish(request) : this.#decidePlay(request);
    decision.catch((error: unknown) => {
      const code = request.kind === 'publish' ? 'NetStream.Publish.Denied' : 'NetStream.Play.Failed';
      this.#refuse(request, code, 'The server failed to decide. Try again later.');
      this.#handlers.failed?.(error);
    });
  }

  async #decidePublish(request: StreamRequest): Promise<void> {
    const close = (reason: string): void => {
      if (this.#request === request) this.#guard(() => this.#session.end(reason));
    };
    const answer = await this.#handlers.publish(this.#describe(request), { close });
    if (!answer.accept) {
      this.#refuse(request, answer.code, answer.description);
    } else if (this.#request === request) {
      this.#ingest = answer.sink;
      this.#session.accept();
      this.#ingest?.idle?.();
    } else {
      answer.sink.ended(this.#endReason);
    }
  }

  async #decidePlay(request: StreamRequest): Promise<void> {
    const answer = await this.#handlers.play(this.#describe(request));
    if (!answer.accept) {
      this.#refuse(request, answer.code, answer.description);
    } else if (this.#request === request) {
      this.#stopped = () => answer.stopped();
      this.#session.accept();
      // Not for publishers: each of their reads would put it off.
      this.#socket.setTimeout(this.#options.writeTimeoutMs);
      answer.start(this.#batchSink(request));
    } else {
      answer.stopped();
    }
  }

  #refuse(request: StreamRequest, code: string, description: string): void {
    if (this.#request !== request) return;
    this.#request = undefined;
    this.#session.refuse(code, description);
  }

  #describe({ app, name, query, agent }: StreamRequest): PublishRequest {
    return { app, name, query, peer: this.#peer, agent };
  }

  #batchSink(request: StreamRequest): BatchSink {
    const socket = this.#socket;
    return {
      write: (bytes) => {
        if (this.#request === request && socket.writable) socket.write(bytes);
      },
      end: () => {
        if (this.#request === request) this.#session.end('the stream has ended');
      },
      get pendingBytes() {
        return socket.writableLength;
      },
    };
  }

  #ended(reason: string): void {
    this.#request = undefined;
    this.#endReason = reason;
    const ingest = this.#ingest;
    const stopped = this.#stopped;
    this.#ingest = undefined;
    this.#stopped = undefined;
    ingest?.ended(reason);
    stopped?.();
  }

  #close(lingerMs: number): void {
    this.#closer = setTimeout(() => {
      this.#socket.end();
      this.#closer = setTimeout(() => this.#socket.destroy(), FIN_TIMEOUT_MS);
    }, lingerMs);
  }
}

function peerOf({ remoteAddress = '', remotePort = 0 }: Socket): string {
  const address = remoteAddress.replace(/^::ffff:/, '');
  return address.includes(':') ? `[${address}]:${remotePort}` : `${address}:${remotePort}`;
}
