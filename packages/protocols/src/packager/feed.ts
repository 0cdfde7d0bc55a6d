import type { BatchFeed, BatchSink } from '../publisher/publisher.ts';
import type { WireBatch } from './packager.ts';

export interface FeedLimits {
  /** More bytes than this in the sink: it is too slow. A group of pictures that is larger is not sent to a newcomer. */
  readonly maxPendingBytes: number;
  /** Bytes that have waited longer than this in the sink: it is too slow. */
  readonly maxPendingMs: number;
}

export const DEFAULT_FEED_LIMITS: FeedLimits = { maxPendingBytes: 8 << 20, maxPendingMs: 5000 };

/** Counters since the feed was opened. */
export interface FeedStats {
  readonly batches: number;
  readonly videoSamples: number;
  readonly audioSamples: number;
  readonly droppedSamples: number;
  readonly droppedBytes: number;
  /** The sink is too slow now: nothing is handed over until a sync sample for which there is room. */
  readonly dropping: boolean;
}

/** What a feed needs of its channel. */
export interface FeedOwner {
  /** The feed has a sink: it wants the kept batches now and each new one from now on. */
  opened(feed: ChannelFeed): void;
  closed(feed: ChannelFeed): void;
  /** Bytes that a connection needs before `first`. */
  header(first: WireBatch): Buffer;
}

/** `starting`: waits for the first sync batch. `dropping`: waits for the next one that fits. */
type FeedState = 'idle' | 'starting' | 'live' | 'dropping' | 'closed';

/** The batches of a channel for one connection. `deliver` runs for every connection and batch: it neither allocates nor waits. */
export class ChannelFeed implements BatchFeed {
  readonly #owner: FeedOwner;
  readonly #limits: FeedLimits;
  #sink: BatchSink | undefined;
  #state: FeedState = 'idle';
  /** The version of the tracks whose configuration the connection has certainly got: in a header, or in a whole group of batches. */
  #tracksVersion = -1;
  /** The version of the tracks at the last sync batch handed over. */
  #syncVersion = -1;
  #handedBytes = 0;
  /** A point in the bytes handed over, and when it was passed: once the sink has sent it, we know how long that took. */
  #markBytes = 0;
  #markedAtMs = 0;
  #lastLagMs = 0;
  #batches = 0;
  #videoSamples = 0;
  #audioSamples = 0;
  #droppedSamples = 0;
  #droppedBytes = 0;

  constructor(owner: FeedOwner, limits: FeedLimits) {
    this.#owner = owner;
    this.#limits = limits;
  }

  get limits(): FeedLimits {
    return this.#limits;
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  open(sink: BatchSink): void {
    if (this.#sink !== undefined) throw new Error('a feed is opened once');
    this.#sink = sink;
    if (this.#state === 'closed') {
      sink.end();
      return;
    }
    this.#state = 'starting';
    this.#owner.opened(this);
  }

  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#owner.closed(this);
  }

  /** Ends the feed, as when the push is removed: the sink finishes the conversation. */
  end(): void {
    if (this.#state === 'closed') return;
    this.close();
    this.#sink?.end();
  }

  /** For the channel. `batch` was made from tracks of this version. */
  deliver(batch: WireBatch, tracksVersion: number, nowMs: number): void {
    const sink = this.#sink;
    if (sink === undefined || this.#state === 'closed') return;
    const pendingBytes = sink.pendingBytes;
    const lagMs = this.#measureLag(pendingBytes, nowMs);
    const { maxPendingBytes, maxPendingMs } = this.#limits;
    if (this.#state === 'live') {
      if (pendingBytes > maxPendingBytes || lagMs > maxPendingMs) this.#state = 'dropping';
    } else if (batch.isSync && pendingBytes <= maxPendingBytes / 2 && lagMs <= maxPendingMs) {
      this.#state = 'live';
      if (tracksVersion !== this.#tracksVersion) this.#writeHeader(sink, batch, tracksVersion);
    }
    if (this.#state === 'live') {
      if (batch.isSync) this.#noteSync(tracksVersion);
      this.#write(sink, batch.bytes);
      this.#batches += 1;
      this.#videoSamples += batch.videoSamples;
      this.#audioSamples += batch.audioSamples;
    } else if (this.#state === 'dropping') {
      this.#droppedSamples += batch.videoSamples + batch.audioSamples;
      this.#droppedBytes += batch.bytes.length;
    }
  }

  stats(): FeedStats {
    return {
      batches: this.#batches,
      videoSamples: this.#videoSamples,
      audioSamples: this.#audioSamples,
      droppedSamples: this.#droppedSamples,
      droppedBytes: this.#droppedBytes,
      dropping: this.#state === 'dropping',
    };
  }

  /** How far the last byte that has left is behind the newest one. `nowMs` is of the channel's clock. */
  lagMs(nowMs: number): number {
    return this.#sink === undefined ? 0 : Math.max(this.#measureLag(this.#sink.pendingBytes, nowMs), this.#lastLagMs);
  }

  /** The age of the oldest byte in the sink, give or take a batch. */
  #measureLag(pendingBytes: number, nowMs: number): number {
    if (pendingBytes === 0 || this.#handedBytes === 0) {
      this.#lastLagMs = 0;
    } else if (this.#handedBytes - pendingBytes < this.#markBytes) {
      return nowMs - this.#markedAtMs;
    } else {
      this.#lastLagMs = nowMs - this.#markedAtMs;
    }
    this.#markBytes = this.#handedBytes;
    this.#markedAtMs = nowMs;
    return 0;
  }

  #writeHeader(sink: BatchSink, first: WireBatch, tracksVersion: number): void {
    this.#write(sink, this.#owner.header(first));
    this.#syncVersion = tracksVersion;
  }

  /** A change of tracks reaches a live connection inside the batches, at the latest before the second sync batch. */
  #noteSync(tracksVersion: number): void {
    if (tracksVersion === this.#syncVersion) this.#tracksVersion = tracksVersion;
    else this.#syncVersion = tracksVersion;
  }

  /** A sink that throws loses its feed; the others do not notice. */
  #write(sink: BatchSink, bytes: Buffer): void {
    this.#handedBytes += bytes.length;
    try {
      sink.write(bytes);
    } catch {
      this.close();
    }
  }
}
