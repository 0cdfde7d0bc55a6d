import { isDeepStrictEqual } from 'node:util';
import type { DesiredPush, EndCause } from '@pushfleet/contract';
import { toPublishError } from '@pushfleet/contract';
import {
  type BatchFeed,
  type ChannelFeed,
  type DeliveryOptions,
  type Dial,
  type EndKind,
  type Protocol,
  PublishError,
  type Publisher,
  type PushMemory,
  protocolFor,
  supportedSchemes,
  type TargetPlace,
  TargetUrlError,
  type Track,
} from '@pushfleet/protocols';
import { bareHost, formatEndpoint } from '../net/endpoint.ts';
import type { StreamHub } from '../source/stream-hub.ts';
import type { ConnectBudget } from './connect-budget.ts';
import { type CleanCause, endKinds, endsAtSync } from './end-kind.ts';
import { type Liveness, liveness, RUNNING, SILENT_MS, STALL_LIMIT_MS } from './liveness.ts';

export interface AttemptDeps {
  readonly hub: StreamHub;
  readonly dial: Dial;
  readonly budget: ConnectBudget;
  readonly memory: PushMemory;
}

/** What the options of a push and the settings of its stream say about an attempt. */
export interface AttemptOptions {
  readonly connectTimeoutMs: number;
  readonly delivery: DeliveryOptions;
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

/** An end waits this long for a sync sample: the usual two seconds of a group of pictures, and a little for the way. */
const SYNC_PATIENCE_MS = 2_500;

const noStats: AttemptStats = { bytes: 0, frames: 0, droppedFrames: 0, lagMs: 0, queueBytes: 0, peer: '' };

const NO_FEED: BatchFeed = { open: () => {}, close: () => {} };

/** One try to deliver a push: connect, send, end. Built, run once, thrown away. */
export class Attempt {
  readonly startedAt = new Date();
  /** When the target accepted the publication; wall clock, for people. */
  connectedAt: Date | undefined;
  readonly #push: DesiredPush;
  readonly #options: AttemptOptions;
  readonly #deps: AttemptDeps;
  readonly #abort = new AbortController();
  #protocol: Protocol | undefined;
  #publisher: Publisher | undefined;
  #feed: ChannelFeed | undefined;
  #cause: EndCause | undefined;
  #endKind: EndKind = 'final';
  /** The end waits for a sync sample until then. */
  #patience: NodeJS.Timeout | undefined;
  #acceptedAt = 0;
  #acceptedBytes = 0;
  #sentBytes = 0;
  #lastProgressAt = 0;
  #hasRun = false;
  /** Those that the protocol was last asked about. */
  #knownTracks: readonly Track[] = [];

  constructor(push: DesiredPush, options: AttemptOptions, deps: AttemptDeps) {
    this.#push = push;
    this.#options = options;
    this.#deps = deps;
  }

  /** Never rejects. */
  async run(): Promise<AttemptEnd> {
    try {
      const { publisher, host } = this.#prepare();
      this.#publisher = publisher;
      const { signal } = this.#abort;
      await this.#deps.budget.use(host, () => publisher.connect(signal), signal);
      this.#accepted(publisher);
      this.#feed = await this.#openFeed(publisher);
      if (this.#cause !== undefined) this.#feed.end(this.#endKind);
      await publisher.send(this.#feed, signal);
      return { cause: this.#cause ?? 'target_closed', error: undefined };
    } catch (error) {
      if (this.#cause !== undefined) return { cause: this.#cause, error: undefined };
      const failure = error === this.#abort.signal.reason ? (error as PublishError) : toPublishError(error);
      return { cause: failure.code, error: failure };
    } finally {
      this.#losePatience();
      this.#feed?.close();
    }
  }

  /** Rejects, and leaves no connection behind, when what the stream has kept cannot be said in the format of the target. */
  async #openFeed(publisher: Publisher): Promise<ChannelFeed> {
    try {
      return this.#deps.hub.openFeed(publisher.wireFormat);
    } catch (error) {
      await publisher.send(NO_FEED, AbortSignal.abort(error));
      throw error;
    }
  }

  /**
   * Ends cleanly: the target hears the end of the publication, or that it goes on. Where nobody is in a hurry that waits for a sync sample. Without a
   * connection the attempt is dropped.
   */
  end(cause: CleanCause, kind: EndKind = endKinds[cause]): void {
    const isHurried = this.#patience !== undefined && !endsAtSync(cause);
    if (this.#cause !== undefined && !isHurried) return;
    this.#losePatience();
    this.#cause = cause;
    this.#endKind = kind;
    if (this.#feed === undefined) this.#abort.abort(new Error(cause));
    else if (endsAtSync(cause) && this.#deps.hub.live) this.#endAtSync(this.#feed, kind);
    else this.#feed.end(kind);
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
    if (this.#isWell(now)) return RUNNING;
    const stats = this.#publisher?.stats();
    if (stats === undefined || this.connectedAt === undefined) return { phase: 'starting', reason: '' };
    const unsupported = this.#unsupported();
    if (unsupported !== undefined) {
      this.#abort.abort(unsupported);
      return { phase: 'wedged', reason: unsupported.detail };
    }
    if (stats.pendingBytes === 0 || stats.bytesSent !== this.#sentBytes) this.#progress(now, stats.bytesSent);
    const sent = this.#feed?.stats() ?? { batches: 0, dropping: false };
    const state = liveness({
      now,
      acceptedAt: this.#acceptedAt,
      // Before the first batch only replies to the target have left.
      mediaBytes: sent.batches === 0 ? 0 : (stats.confirmedBytes ?? stats.bytesSent - this.#acceptedBytes),
      lastProgressAt: this.#lastProgressAt,
      pendingBytes: stats.pendingBytes,
      dropping: sent.dropping,
      sourceSilentMs: this.#deps.hub.quietMs,
      maxSessionMs: this.#protocol?.maxSessionMs ?? Number.POSITIVE_INFINITY,
      stallLimitMs: this.#stallLimitMs,
    });
    this.#hasRun ||= state.phase === 'running';
    if (state.phase === 'expired') this.end('renewed');
    if (state.phase === 'wedged') {
      const detail = `it has taken no byte for ${this.#stallLimitMs / 1000} s, ${stats.pendingBytes} bytes wait`;
      this.#abort.abort(new PublishError('target_stalled', detail));
    }
    return state;
  }

  /** As nearly every attempt is at nearly every look: it has run, nothing waits, nothing is left out, and the source gives what it gave. */
  #isWell(now: number): boolean {
    const feed = this.#feed;
    if (!this.#hasRun || feed === undefined || feed.pendingBytes > 0 || feed.isDropping) return false;
    const { hub } = this.#deps;
    const { maxSessionMs = Number.POSITIVE_INFINITY } = this.#protocol ?? {};
    if (hub.tracks !== this.#knownTracks || hub.quietMs >= SILENT_MS || now - this.#acceptedAt >= maxSessionMs)
      return false;
    this.#lastProgressAt = now;
    return true;
  }

  #progress(now: number, sentBytes: number): void {
    this.#sentBytes = sentBytes;
    this.#lastProgressAt = now;
  }

  /** So much media leaves at once; 0 when it leaves as it comes. */
  get burstMs(): number {
    return this.connectedAt === undefined ? 0 : (this.#publisher?.wireFormat.burstMs ?? 0);
  }

  /** Milliseconds since the target accepted; negative infinity before. */
  connectedForMs(now: number): number {
    return this.connectedAt === undefined ? Number.NEGATIVE_INFINITY : now - this.#acceptedAt;
  }

  stats(now: number): AttemptStats {
    const sent = this.#publisher?.stats();
    if (sent === undefined) return noStats;
    const { videoSamples = 0, audioSamples = 0, droppedSamples = 0 } = this.#feed?.stats() ?? {};
    const givenUp = sent.droppedSamples ?? 0;
    return {
      bytes: sent.bytesSent,
      queueBytes: sent.pendingBytes,
      peer: sent.peer,
      frames: videoSamples + audioSamples - givenUp,
      droppedFrames: droppedSamples + givenUp,
      lagMs: this.#feed?.lagMs(now) ?? 0,
    };
  }

  #endAtSync(feed: ChannelFeed, kind: EndKind): void {
    this.#patience = setTimeout(() => {
      this.#losePatience();
      feed.end(kind);
    }, SYNC_PATIENCE_MS);
    feed.endAtSync(kind);
  }

  #losePatience(): void {
    clearTimeout(this.#patience);
    this.#patience = undefined;
  }

  #accepted(publisher: Publisher): void {
    this.connectedAt = new Date();
    this.#acceptedAt = performance.now();
    this.#acceptedBytes = publisher.stats().bytesSent;
    this.#progress(this.#acceptedAt, this.#acceptedBytes);
  }

  /** Why the protocol cannot carry the stream as it is now; undefined when it can. */
  #unsupported(): PublishError | undefined {
    this.#knownTracks = this.#deps.hub.tracks;
    const track = this.#knownTracks.find((candidate) => this.#protocol?.supports(candidate) === false);
    if (track === undefined) return undefined;
    const detail = `${schemeOf(this.#push.url)}:// cannot carry ${track.kind} as ${track.codec}`;
    return new PublishError('codec_unsupported', detail);
  }

  get #stallLimitMs(): number {
    return this.#protocol?.stallLimitMs ?? STALL_LIMIT_MS;
  }

  #prepare(): { publisher: Publisher; host: string } {
    const { url } = this.#push;
    const protocol = protocolFor(url);
    if (protocol === undefined) {
      throw new PublishError('scheme_unsupported', `supported: ${supportedSchemes.map((s) => `${s}://`).join(', ')}`);
    }
    this.#protocol = protocol;
    const unsupported = this.#unsupported();
    if (unsupported !== undefined) throw unsupported;
    const { connectTimeoutMs, delivery } = this.#options;
    const { budget, memory } = this.#deps;
    const target = parseTarget(protocol, url, delivery);
    const dial = budget.watch(this.#push.id, this.#deps.dial);
    const publisher = protocol.createPublisher(target, { dial, connectTimeoutMs, memory });
    return { publisher, host: formatEndpoint(bareHost(target.host).toLowerCase(), target.port) };
  }
}

const schemeOf = (url: string): string => url.slice(0, url.indexOf(':')).toLowerCase();

/** Would an attempt with `b` do what one with `a` does? Each protocol looks only at what concerns it. */
export function isSameDelivery(url: string, a: DeliveryOptions, b: DeliveryOptions): boolean {
  const protocol = protocolFor(url);
  if (protocol === undefined) return true;
  try {
    return isDeepStrictEqual(protocol.parseTarget(url, a), protocol.parseTarget(url, b));
  } catch {
    return false; // whatever is wrong with one of them: the next attempt says it
  }
}

function parseTarget(protocol: Protocol, url: string, delivery: DeliveryOptions): TargetPlace {
  try {
    return protocol.parseTarget(url, delivery);
  } catch (error) {
    if (error instanceof TargetUrlError) throw new PublishError('url_invalid', error.message);
    throw error;
  }
}
