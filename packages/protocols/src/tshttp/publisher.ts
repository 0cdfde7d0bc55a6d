import { LAST_CHUNK } from '../http/chunk.ts';
import { openUpload, type Upload } from '../http/upload.ts';
import type { WireFormat } from '../packager/packager.ts';
import type {
  BatchFeed,
  Connection,
  DialOptions,
  Publisher,
  PublisherDeps,
  PublisherStats,
} from '../publisher/publisher.ts';
import { sendFeed } from '../publisher/send-feed.ts';
import { tsHttpWireFormat } from './packager.ts';
import type { TsHttpTarget } from './target.ts';

const GOODBYE_TIMEOUT_MS = 1000;

type TsHttpPublisherDeps = Pick<PublisherDeps, 'dial' | 'connectTimeoutMs'>;

/** Publishes one stream to one server as the body of one long POST. */
export class TsHttpPublisher implements Publisher {
  readonly wireFormat: WireFormat = tsHttpWireFormat();
  readonly #target: TsHttpTarget;
  readonly #deps: TsHttpPublisherDeps;
  #upload: Upload | undefined;
  /** Of the newest connection. */
  #peer = '';

  constructor(target: TsHttpTarget, deps: TsHttpPublisherDeps) {
    this.#target = target;
    this.#deps = deps;
  }

  async connect(signal: AbortSignal): Promise<void> {
    this.#upload = await openUpload({
      target: this.#target,
      fields: [['Content-Type', 'video/mp2t']],
      headers: this.#target.headers,
      dial: (options) => this.#dial(options),
      signal,
      timeoutMs: this.#deps.connectTimeoutMs,
    });
  }

  async send(feed: BatchFeed, signal: AbortSignal): Promise<void> {
    const upload = this.#upload;
    if (upload === undefined) throw new Error('send comes after connect');
    const { socket, failure, acceptedAtMs } = upload;
    const finish = () => upload.finish(LAST_CHUNK, GOODBYE_TIMEOUT_MS);
    await sendFeed({ socket, failure, acceptedAtMs, finish, destroy: () => upload.destroy() }, feed, signal);
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
