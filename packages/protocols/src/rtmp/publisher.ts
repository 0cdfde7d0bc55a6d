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
import { type ClientConnection, openClientConnection } from './client-connection.ts';
import { CLIENT_CHUNK_SIZE } from './client-session.ts';
import { rtmpWireFormat } from './packager.ts';
import { PublishSession } from './publish-session.ts';
import type { RtmpTarget } from './url.ts';

const GOODBYE_TIMEOUT_MS = 1000;
/** Connections of one stream that open within the same hour share their time and so their bytes. */
const TIMELINE_MS = 3_600_000;

type RtmpPublisherDeps = Pick<PublisherDeps, 'dial' | 'connectTimeoutMs'>;

/** Publishes one stream to one RTMP server. */
export class RtmpPublisher implements Publisher {
  readonly #target: RtmpTarget;
  readonly #deps: RtmpPublisherDeps;
  #client: ClientConnection<PublishSession> | undefined;
  /** Of the newest connection. */
  #peer = '';
  #wireFormat: WireFormat | undefined;
  #acceptedAtMs = 0;

  constructor(target: RtmpTarget, deps: RtmpPublisherDeps) {
    this.#target = target;
    this.#deps = deps;
  }

  async connect(signal: AbortSignal): Promise<void> {
    const { connectTimeoutMs: timeoutMs } = this.#deps;
    this.#client = await openClientConnection({
      target: this.#target,
      dial: (options) => this.#dial(options),
      signal,
      timeoutMs,
      createSession: (options, events) => new PublishSession(options, events),
    });
    this.#acceptedAtMs = performance.now();
    this.#wireFormat = rtmpWireFormat({
      chunkSize: CLIENT_CHUNK_SIZE,
      messageStreamId: this.#client.session.messageStreamId,
      timeline: Math.floor(Date.now() / TIMELINE_MS),
    });
  }

  get wireFormat(): WireFormat {
    if (this.#wireFormat === undefined) throw new Error('wireFormat is known only after connect');
    return this.#wireFormat;
  }

  async send(feed: BatchFeed, signal: AbortSignal): Promise<void> {
    const client = this.#client;
    if (client === undefined) throw new Error('send comes after connect');
    const { socket, failure } = client;
    const connection = {
      socket,
      failure,
      acceptedAtMs: this.#acceptedAtMs,
      finish: () => {
        client.session.finish();
        return client.finish(GOODBYE_TIMEOUT_MS);
      },
      destroy: () => client.destroy(),
    };
    await sendFeed(connection, feed, signal);
  }

  stats(): PublisherStats {
    const peer = this.#peer;
    if (this.#client === undefined) return { bytesSent: 0, pendingBytes: 0, peer };
    const { bytesSent, socket } = this.#client;
    return { bytesSent, pendingBytes: socket.writableLength, peer };
  }

  /** Who refuses is to be named as well as who accepts. */
  async #dial(options: DialOptions): Promise<Connection> {
    const connection = await this.#deps.dial(options);
    this.#peer = connection.peer;
    return connection;
  }
}
