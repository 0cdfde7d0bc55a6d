import type { WireFormat } from '../packager/packager.ts';
import type {
  BatchFeed,
  Connection,
  DialOptions,
  EndKind,
  Publisher,
  PublisherDeps,
  PublisherStats,
} from '../publisher/publisher.ts';
import { sendFeed } from '../publisher/send-feed.ts';
import type { ExplainRefusal } from './negotiation.ts';
import type { Field } from './request-head.ts';
import { openUpload, type Upload } from './upload.ts';
import type { HttpTarget } from './url.ts';

/** What is peculiar to a protocol whose publication is the body of one long request. */
export interface UploadPublisherOptions {
  readonly target: HttpTarget & { readonly headers: Readonly<Record<string, string>> };
  readonly deps: Pick<PublisherDeps, 'dial' | 'connectTimeoutMs'>;
  /** Its batches are chunks. */
  readonly wireFormat: WireFormat;
  /** Of the request head; asked once, before anything is dialled. */
  readonly fields: () => Promise<readonly Field[]>;
  readonly explain?: ExplainRefusal;
  /** The last bytes of the body. */
  readonly farewell: (kind: EndKind) => Buffer;
  readonly keepAlive?: KeepAlive;
}

/** A chunk without meaning that goes out whenever nothing else has for so long. */
export interface KeepAlive {
  readonly chunk: Buffer;
  readonly everyMs: number;
}

const GOODBYE_TIMEOUT_MS = 1000;

/** Publishes one stream to one HTTP server as the body of one long POST. */
export class UploadPublisher implements Publisher {
  readonly wireFormat: WireFormat;
  readonly #options: UploadPublisherOptions;
  #upload: Upload | undefined;
  /** Of the newest connection. */
  #peer = '';

  constructor(options: UploadPublisherOptions) {
    this.#options = options;
    this.wireFormat = options.wireFormat;
  }

  async connect(signal: AbortSignal): Promise<void> {
    const { target, deps, explain } = this.#options;
    const fields = await this.#options.fields();
    signal.throwIfAborted();
    this.#upload = await openUpload({
      target,
      fields,
      headers: target.headers,
      ...(explain !== undefined && { explain }),
      dial: (options) => this.#dial(options),
      signal,
      timeoutMs: deps.connectTimeoutMs,
    });
  }

  async send(feed: BatchFeed, signal: AbortSignal): Promise<void> {
    const upload = this.#upload;
    if (upload === undefined) throw new Error('send comes after connect');
    const { farewell, keepAlive } = this.#options;
    const { socket, acceptedAtMs, failure } = upload;
    const stopKeepAlive = keepAlive === undefined ? () => {} : sayRegularly(socket, keepAlive);
    const connection = {
      socket,
      acceptedAtMs,
      failure,
      finish: (kind: EndKind) => {
        stopKeepAlive();
        return upload.finish(farewell(kind), GOODBYE_TIMEOUT_MS);
      },
      destroy: () => upload.destroy(),
    };
    await sendFeed(connection, feed, signal).finally(stopKeepAlive);
  }

  stats(): PublisherStats {
    const peer = this.#peer;
    if (this.#upload === undefined) return { bytesSent: 0, pendingBytes: 0, peer };
    const { bytesSent, socket } = this.#upload;
    return { bytesSent, pendingBytes: socket.writableLength, peer };
  }

  /** Who refuses is to be named as well as who accepts. */
  async #dial(options: DialOptions): Promise<Connection> {
    const connection = await this.#options.deps.dial(options);
    this.#peer = connection.peer;
    return connection;
  }
}

/** Says something whenever nothing was said for a while. Returns the way to stop it. */
function sayRegularly(socket: Connection['socket'], { chunk, everyMs }: KeepAlive): () => void {
  let seenBytes = socket.bytesWritten;
  const timer = setInterval(() => {
    const isSilent = socket.bytesWritten === seenBytes && socket.writableLength === 0;
    if (isSilent && socket.writable) socket.write(chunk);
    seenBytes = socket.bytesWritten;
  }, everyMs);
  return () => clearInterval(timer);
}
