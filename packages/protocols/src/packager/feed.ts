import type { BatchFeed, BatchSink, EndKind } from '../publisher/publisher.ts';
import { LagMeter } from './lag-meter.ts';
import type { WireBatch } from './packager.ts';
import { behind, joined, START, type WirePosition } from './wire-position.ts';

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
  /** Bytes that a connection needs before `first` when it has missed what came before; undefined when none. */
  resume(first: WireBatch): Buffer | undefined;
  /** Sees to it that a batch ends at the next sync sample. True when it is the one under way, which is not out before. */
  cut(): boolean;
  /** Behind the batch that was handed over last. */
  readonly position: WirePosition;
}

/**
 * `starting`: waits for the first sync batch. `live`: gets every batch, and the sink is empty. `behind`: gets every batch while bytes wait
 * in the sink. `dropping`: waits for the next sync batch for which there is room.
 */
type FeedState = 'idle' | 'starting' | 'live' | 'behind' | 'dropping' | 'closed';

/**
 * The batches of a channel for one connection. `deliver` runs for every connection and batch: it neither allocates, nor waits, nor counts. What was
 * handed over is the difference of two positions of the channel.
 */
export class ChannelFeed implements BatchFeed {
  readonly #owner: FeedOwner;
  readonly #limits: FeedLimits;
  readonly #lag = new LagMeter();
  #sink: BatchSink | undefined;
  #state: FeedState = 'idle';
  /** The version of the tracks whose configuration the connection has certainly got: in a header, or in a whole group of batches. */
  #tracksVersion = -1;
  /** The version of the tracks at the last sync batch handed over. */
  #syncVersion = -1;
  #endKind: EndKind = 'final';
  /** The feed ends with the next batch: instead of it when it is a sync batch, or behind it. */
  #ending: 'before-sync' | 'behind-next' | undefined;
  /** Where the channel stood when the run of batches began that is handed over without a gap; undefined while none is. */
  #runFrom: WirePosition | undefined;
  /** What the runs before it came to. */
  #earlier = START;
  /** What was handed over besides the batches. */
  #extraBytes = 0;
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
      sink.end(this.#endKind);
      return;
    }
    this.#state = 'starting';
    this.#owner.opened(this);
  }

  close(): void {
    if (this.#state === 'closed') return;
    this.#endRun();
    this.#state = 'closed';
    this.#owner.closed(this);
  }

  /** Ends the feed, as when the push is removed: the sink finishes the conversation. */
  end(kind: EndKind = 'final'): void {
    if (this.#state === 'closed') return;
    this.#endKind = kind;
    this.close();
    this.#sink?.end(kind);
  }

  /**
   * Ends the feed before the next sync sample, where another connection can go on without a picture lost or shown twice; at once when it stands at
   * such a place already. Waits for the source as long as it takes: `end` ends it sooner.
   */
  endAtSync(kind: EndKind): void {
    const isDelivering = this.#isRunning;
    const isBatchUnderWay = (isDelivering || this.#state === 'starting') && this.#owner.cut();
    if (isDelivering || isBatchUnderWay) {
      this.#endKind = kind;
      this.#ending = isBatchUnderWay ? 'behind-next' : 'before-sync';
    } else {
      this.end(kind);
    }
  }

  /** For the channel, whose position is before the batch until all feeds have got it. `batch` was made from tracks of this version. */
  deliver(batch: WireBatch, tracksVersion: number, nowMs: number): void {
    const isRoutine = this.#state === 'live' && !batch.isSync && this.#ending === undefined;
    if (isRoutine && this.#sink!.pendingBytes === 0) this.#write(this.#sink!, batch.bytes, batch);
    else this.#deliverWithCare(batch, tracksVersion, nowMs);
  }

  /** Bytes that wait in the sink. */
  get pendingBytes(): number {
    return this.#sink?.pendingBytes ?? 0;
  }

  /** The sink is too slow now: nothing is handed over until a sync sample for which there is room. */
  get isDropping(): boolean {
    return this.#state === 'dropping';
  }

  stats(): FeedStats {
    const { batches, videoSamples, audioSamples } = this.#delivered;
    return {
      batches,
      videoSamples,
      audioSamples,
      droppedSamples: this.#droppedSamples,
      droppedBytes: this.#droppedBytes,
      dropping: this.isDropping,
    };
  }

  /** How far the last byte that has left is behind the newest one. `nowMs` is of the channel's clock. */
  lagMs(nowMs: number): number {
    const { pendingBytes } = this;
    if (pendingBytes === 0) return 0;
    return Math.max(this.#lag.measure(this.#handedBytes, pendingBytes, nowMs), this.#lag.lastMs);
  }

  #deliverWithCare(batch: WireBatch, tracksVersion: number, nowMs: number): void {
    const sink = this.#sink;
    if (sink === undefined || this.#state === 'closed') return;
    this.#review(sink, batch, tracksVersion, nowMs);
    if (this.#isRunning) {
      this.#write(sink, batch.bytes, batch);
      if (this.#ending !== 'behind-next') return;
      this.#endRun(behind(this.#owner.position, batch));
      this.end(this.#endKind);
    } else if (this.#state === 'dropping') {
      this.#droppedSamples += batch.videoSamples + batch.audioSamples;
      this.#droppedBytes += batch.bytes.length;
    }
  }

  get #isRunning(): boolean {
    return this.#state === 'live' || this.#state === 'behind';
  }

  /** Everything that was handed over but the headers. */
  get #delivered(): WirePosition {
    return this.#runFrom === undefined ? this.#earlier : joined(this.#earlier, this.#runFrom, this.#owner.position);
  }

  get #handedBytes(): number {
    const runBytes = this.#runFrom === undefined ? 0 : this.#owner.position.bytes - this.#runFrom.bytes;
    return this.#extraBytes + this.#earlier.bytes + runBytes;
  }

  #endRun(at = this.#owner.position): void {
    if (this.#runFrom !== undefined) this.#earlier = joined(this.#earlier, this.#runFrom, at);
    this.#runFrom = undefined;
  }

  /** Decides what becomes of the feed with this batch: whether it goes on, drops or starts. */
  #review(sink: BatchSink, batch: WireBatch, tracksVersion: number, nowMs: number): void {
    if (this.#ending === 'before-sync' && batch.isSync) {
      this.end(this.#endKind);
      return;
    }
    const { pendingBytes } = sink;
    const { maxPendingBytes, maxPendingMs } = this.#limits;
    if (pendingBytes === 0) this.#lag.reset();
    const lagMs = pendingBytes === 0 ? 0 : this.#lag.measure(this.#handedBytes, pendingBytes, nowMs);
    const isRunning = this.#isRunning;
    const mayGoOn = isRunning
      ? pendingBytes <= maxPendingBytes && lagMs <= maxPendingMs
      : batch.isSync && pendingBytes <= maxPendingBytes / 2 && lagMs <= maxPendingMs;
    if (mayGoOn) {
      if (batch.isSync) this.#sync(sink, batch, tracksVersion, isRunning);
      if (this.#state === 'closed') return;
      this.#runFrom ??= this.#owner.position;
      this.#state = pendingBytes === 0 ? 'live' : 'behind';
    } else if (isRunning) {
      this.#endRun();
      this.#state = 'dropping';
    }
  }

  /**
   * Sees to it that the connection has the configuration of the tracks. A change of tracks reaches a running one inside the batches, at the
   * latest before the second sync batch; one that starts gets the header unless it is sure to have it.
   */
  #sync(sink: BatchSink, first: WireBatch, tracksVersion: number, isRunning: boolean): void {
    const needsHeader = !isRunning && tracksVersion !== this.#tracksVersion;
    if (needsHeader) this.#writeExtra(sink, this.#owner.header(first));
    if (this.#state === 'dropping') this.#resume(sink, first);
    if (needsHeader || tracksVersion === this.#syncVersion) this.#tracksVersion = tracksVersion;
    this.#syncVersion = tracksVersion;
  }

  #resume(sink: BatchSink, first: WireBatch): void {
    const bytes = this.#owner.resume(first);
    if (bytes !== undefined) this.#writeExtra(sink, bytes);
  }

  /** What is of no batch. */
  #writeExtra(sink: BatchSink, bytes: Buffer): void {
    this.#extraBytes += bytes.length;
    this.#write(sink, bytes);
  }

  /** A sink that throws loses its feed; the others do not notice. */
  #write(sink: BatchSink, bytes: Buffer, batch?: WireBatch): void {
    try {
      sink.write(bytes, batch);
    } catch {
      this.close();
    }
  }
}
