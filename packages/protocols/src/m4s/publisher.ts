import { freeBox, LAST_SEGMENT, segmentType } from '../container/fmp4/segment-type.ts';
import { chunkOf, LAST_CHUNK } from '../http/chunk.ts';
import { fieldValue, type ResponseHead } from '../http/response-head.ts';
import { openUpload, type Upload } from '../http/upload.ts';
import type { WireFormat } from '../packager/packager.ts';
import { PublishError } from '../publisher/errors.ts';
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
import { m4sWireFormat } from './packager.ts';
import { formatSession, SESSION_FIELD, SESSION_OUTDATED } from './session.ts';
import type { M4sTarget } from './target.ts';

const GOODBYE_TIMEOUT_MS = 1000;
/** While there is no media a box without meaning goes out so often: a receiver that is gone shows, and one that is there knows that we are. */
const KEEP_ALIVE_MS = 2000;
const KEEP_ALIVE: Buffer = chunkOf(freeBox());
/** The stream is over, and not only this connection: nobody needs to wait for another. */
const FAREWELL: Buffer = Buffer.concat([chunkOf(segmentType('cmfl', LAST_SEGMENT)), LAST_CHUNK]);

/** Sends one stream as fragmented MP4 in one long HTTP request. DASH-IF Live Media Ingest v1.2, Interface 1, with all tracks in one body. */
export class M4sPublisher implements Publisher {
  readonly wireFormat: WireFormat = m4sWireFormat();
  readonly #target: M4sTarget;
  readonly #deps: PublisherDeps;
  #upload: Upload | undefined;
  /** Of the newest connection. */
  #peer = '';

  constructor(target: M4sTarget, deps: PublisherDeps) {
    this.#target = target;
    this.#deps = deps;
  }

  async connect(signal: AbortSignal): Promise<void> {
    const { connectTimeoutMs: timeoutMs, memory } = this.#deps;
    const epoch = await memory.nextEpoch().catch(Date.now); // epochs are times in ms, or less
    signal.throwIfAborted();
    this.#upload = await openUpload({
      target: this.#target,
      headers: this.#target.headers,
      fields: [
        ['Content-Type', 'video/mp4'],
        ['DASH-IF-Ingest', '1.1'],
        [SESSION_FIELD, formatSession({ epoch, push: memory.id })],
      ],
      explain: explainRefusal,
      dial: (options) => this.#dial(options),
      signal,
      timeoutMs,
    });
  }

  async send(feed: BatchFeed, signal: AbortSignal): Promise<void> {
    const upload = this.#upload;
    if (upload === undefined) throw new Error('send comes after connect');
    const { socket, acceptedAtMs, failure } = upload;
    const stopKeepAlive = keepAlive(socket);
    const connection = {
      socket,
      acceptedAtMs,
      failure,
      finish: (kind: EndKind) => {
        stopKeepAlive();
        return upload.finish(kind === 'final' ? FAREWELL : LAST_CHUNK, GOODBYE_TIMEOUT_MS);
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
    const connection = await this.#deps.dial(options);
    this.#peer = connection.peer;
    return connection;
  }
}

function explainRefusal(response: ResponseHead): PublishError | undefined {
  const isOutdated = response.status === 409 && fieldValue(response, SESSION_FIELD.toLowerCase()) === SESSION_OUTDATED;
  return isOutdated ? new PublishError('fenced', 'the target has had a later attempt') : undefined;
}

/** Says something whenever nothing was said for a while. Returns the way to stop it. */
function keepAlive(socket: Connection['socket']): () => void {
  let seenBytes = socket.bytesWritten;
  const timer = setInterval(() => {
    const isSilent = socket.bytesWritten === seenBytes && socket.writableLength === 0;
    if (isSilent && socket.writable) socket.write(KEEP_ALIVE);
    seenBytes = socket.bytesWritten;
  }, KEEP_ALIVE_MS);
  return () => clearInterval(timer);
}
