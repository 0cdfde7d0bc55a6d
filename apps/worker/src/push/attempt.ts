import type { ResolvedPushOptions } from '@pushfleet/config';
import type { DesiredPush, EndCause } from '@pushfleet/contract';
import { toPublishError } from '@pushfleet/contract';
import {
  type ChannelFeed,
  type Dial,
  type Protocol,
  PublishError,
  type Publisher,
  protocolFor,
  supportedSchemes,
  TargetUrlError,
} from '@pushfleet/protocols';
import type { StreamHub } from '../source/stream-hub.ts';
import type { ConnectBudget } from './connect-budget.ts';
import { type Liveness, liveness, STALL_LIMIT_MS } from './liveness.ts';

export interface AttemptDeps {
  readonly hub: StreamHub;
  readonly dial: Dial;
  readonly budget: ConnectBudget;
}

/** How an attempt ended; `error` when it failed. */
export interface AttemptEnd {
  readonly cause: EndCause;
  readonly error: PublishError | undefined;
}

/** Counters of an attempt, cheap to read. */
export interface AttemptStats {
  readonly bytes: number;
  readonly frames: number;
  readonly droppedFrames: number;
  readonly lagMs: number;
  readonly queueBytes: number;
  readonly peer: string;
}

const noStats: AttemptStats = { bytes: 0, frames: 0, droppedFrames: 0, lagMs: 0, queueBytes: 0, peer: '' };

/** One try to deliver a push: connect, send, end. Built, run once, thrown away. */
export class Attempt {
  readonly startedAt = new Date();
  /** When the target accepted the publication; wall clock, for people. */
  connectedAt: Date | undefined;
  readonly #push: DesiredPush;
  readonly #options: ResolvedPushOptions;
  readonly #deps: AttemptDeps;
  readonly #abort = new AbortController();
  #protocol: Protocol | undefined;
  #publisher: Publisher | undefined;
  #feed: ChannelFeed | undefined;
  #cause: EndCause | undefined;
  #maxSessionMs = Number.POSITIVE_INFINITY;
  #acceptedAt = 0;
  #acceptedBytes = 0;
  #sentBytes = 0;
  #lastProgressAt = 0;

  constructor(push: DesiredPush, options: ResolvedPushOptions, deps: AttemptDeps) {
    this.#push = push;
    this.#options = options;
    this.#deps = deps;
  }

  /** Never rejects. */
  async run(): Promise<AttemptEnd> {
    try {
      this.#publisher = this.#createPublisher();
      const { signal } = this.#abort;
      await this.#deps.budget.use(hostOf(this.#push.url), () => this.#publisher!.connect(signal), signal);
      this.#accepted(this.#publisher);
      this.#feed = this.#deps.hub.openFeed(this.#publisher.wireFormat);
      if (this.#cause !== undefined) this.#feed.end();
      await this.#publisher.send(this.#feed, signal);
      return { cause: this.#cause ?? 'target_closed', error: undefined };
    } catch (error) {
      if (this.#cause !== undefined) return { cause: this.#cause, error: undefined };
      const failure = error === this.#abort.signal.reason ? (error as PublishError) : toPublishError(error);
      return { cause: failure.code, error: failure };
    } finally {
      this.#feed?.close();
    }
  }

  /** Ends cleanly: the target hears the end of the publication. Without a connection the attempt is dropped. */
  end(cause: EndCause): void {
    if (this.#cause !== undefined) return;
    this.#cause = cause;
    if (this.#feed === undefined) this.#abort.abort(new Error(cause));
    else this.#feed.end();
  }

  /** Drops the connection at once, whatever goes on: another holder may be about to connect. */
  drop(cause: EndCause): void {
    this.#cause = cause;
    this.#abort.abort(new Error(cause));
  }

  /**
   * Called a few times a second: how the attempt does. Ends it when the target has stopped reading for too long, when the stream has changed
   * to a codec that cannot be carried, or when the session has grown too old.
   */
  look(now: number): Liveness {
    const stats = this.#publisher?.stats();
    if (stats === undefined || this.connectedAt === undefined) return { phase: 'starting', reason: '' };
    const unsupported = this.#unsupported();
    if (unsupported !== undefined) {
      this.#abort.abort(unsupported);
      return { phase: 'wedged', reason: unsupported.detail };
    }
    if (stats.bytesSent !== this.#sentBytes) {
      this.#sentBytes = stats.bytesSent;
      this.#lastProgressAt = now;
    }
    const sent = this.#feed?.stats() ?? { batches: 0, dropping: false };
    const state = liveness({
      now,
      acceptedAt: this.#acceptedAt,
      // Before the first batch only replies to the target have left.
      mediaBytes: sent.batches === 0 ? 0 : stats.bytesSent - this.#acceptedBytes,
      lastProgressAt: this.#lastProgressAt,
      pendingBytes: stats.pendingBytes,
      dropping: sent.dropping,
      sourceSilentMs: this.#deps.hub.quietMs,
      maxSessionMs: this.#maxSessionMs,
    });
    if (state.phase === 'expired') this.end('renewed');
    if (state.phase === 'wedged') {
      const detail = `it has taken no byte for ${STALL_LIMIT_MS / 1000} s, ${stats.pendingBytes} bytes wait`;
      this.#abort.abort(new PublishError('target_stalled', detail));
    }
    return state;
  }

  /** Milliseconds since the target accepted; negative infinity before. */
  connectedForMs(now: number): number {
    return this.connectedAt === undefined ? Number.NEGATIVE_INFINITY : now - this.#acceptedAt;
  }

  stats(now: number): AttemptStats {
    const sent = this.#publisher?.stats();
    if (sent === undefined) return noStats;
    const feed = this.#feed?.stats();
    return {
      bytes: sent.bytesSent,
      queueBytes: sent.pendingBytes,
      peer: sent.peer,
      frames: feed === undefined ? 0 : feed.videoSamples + feed.audioSamples,
      droppedFrames: feed?.droppedSamples ?? 0,
      lagMs: this.#feed?.lagMs(now) ?? 0,
    };
  }

  #accepted(publisher: Publisher): void {
    this.connectedAt = new Date();
    this.#acceptedAt = performance.now();
    this.#lastProgressAt = this.#acceptedAt;
    this.#acceptedBytes = publisher.stats().bytesSent;
    this.#sentBytes = this.#acceptedBytes;
  }

  /** Why the protocol cannot carry the stream as it is now; undefined when it can. */
  #unsupported(): PublishError | undefined {
    const track = this.#deps.hub.tracks.find((candidate) => this.#protocol?.supports(candidate) === false);
    if (track === undefined) return undefined;
    const detail = `${this.#protocol!.schemes[0]} cannot carry ${track.kind} as ${track.codec}`;
    return new PublishError('codec_unsupported', detail);
  }

  #createPublisher(): Publisher {
    const { url } = this.#push;
    const protocol = protocolFor(url);
    if (protocol === undefined) {
      throw new PublishError('scheme_unsupported', `supported: ${supportedSchemes.map((s) => `${s}://`).join(', ')}`);
    }
    this.#protocol = protocol;
    const unsupported = this.#unsupported();
    if (unsupported !== undefined) throw unsupported;
    this.#maxSessionMs = protocol.maxSessionMs;
    return protocol.createPublisher(parseTarget(protocol, url), {
      dial: this.#deps.dial,
      connectTimeoutMs: this.#options.connectTimeoutMs,
    });
  }
}

/** Empty for a URL that has none. */
function hostOf(url: string): string {
  return URL.parse(url)?.host ?? '';
}

function parseTarget(protocol: Protocol, url: string): unknown {
  try {
    return protocol.parseTarget(url);
  } catch (error) {
    if (error instanceof TargetUrlError) throw new PublishError('url_invalid', error.message);
    throw error;
  }
}
