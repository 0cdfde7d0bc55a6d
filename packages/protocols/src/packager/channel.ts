// One stream in one wire format: serialised once, shared by all pushes that want it.
import type { Sample } from '../media/sample.ts';
import type { Track } from '../media/track.ts';
import type { EndKind } from '../publisher/publisher.ts';
import { ChannelFeed, DEFAULT_FEED_LIMITS, type FeedLimits, type FeedOwner } from './feed.ts';
import { Interleaver } from './interleaver.ts';
import type { Packager, WireBatch, WireFormat } from './packager.ts';
import { type SlabOwner, SlabRing } from './slab-ring.ts';
import { behind, START } from './wire-position.ts';

export interface ChannelOptions {
  /** Video samples that travel together; each one more saves writes and costs the time of a picture. */
  readonly videoSamplesPerBatch: number;
  /** The group of pictures kept for newcomers is given up beyond this. */
  readonly maxKeptBytes: number;
}

const DEFAULTS: ChannelOptions = { videoSamplesPerBatch: 1, maxKeptBytes: 16 << 20 };
const MAX_KEPT_BATCHES = 5000;
/** How much sound travels together where there is no picture to ride along with. */
const AUDIO_BATCH_MS = 40;

/**
 * The packager of one stream and wire format with all its feeds. A batch leaves with each video sample and takes the waiting sound
 * along; sound alone leaves every 40 ms, and after 80 ms when the picture keeps it waiting. All times come from the caller's one monotonic clock.
 */
export class Channel {
  readonly #options: ChannelOptions;
  readonly #feedLimits: FeedLimits;
  readonly #packager: Packager;
  readonly #interleaver = new Interleaver((sample) => this.#package(sample));
  #tracks: readonly Track[] = [];
  #tracksVersion = -1;
  #hasVideo = false;
  /** Opened feeds; those that were closed leave after the round in which they did. */
  #feeds: ChannelFeed[] = [];
  /** Behind the batch that all feeds have got. */
  #position = START;
  /** Batches since the last sync batch, where they begin, and their size. */
  #kept: WireBatch[] = [];
  #keptFrom = START;
  #keptBytes = 0;
  /** Samples in the packager. */
  #waitingVideo = 0;
  #waitingAudio = 0;
  #waitingSinceMs = 0;
  #waitingFromMs = 0;
  #nowMs = 0;
  #lastSampleMs = 0;
  #isEnded = false;
  readonly #slabs = new SlabRing(this.#ownSlabs());
  /** One for all feeds. */
  readonly #owner: FeedOwner = this.#ownFeeds();

  constructor(format: WireFormat, tracks: readonly Track[], options: Partial<ChannelOptions> = {}) {
    this.#feedLimits = { ...DEFAULT_FEED_LIMITS, ...format.feedLimits };
    this.#options = { ...DEFAULTS, ...options };
    this.#packager = format.createPackager(this.#slabs);
    this.setTracks(tracks);
  }

  /** Feeds that have a sink. */
  get openFeeds(): number {
    return this.#feeds.length;
  }

  /** The samples from now on belong to these tracks. Nothing happens when they are the same objects as before. */
  setTracks(tracks: readonly Track[]): void {
    if (tracks.length === this.#tracks.length && tracks.every((track, index) => track === this.#tracks[index])) return;
    this.#interleaver.drain();
    this.#flush();
    this.#tracks = tracks;
    this.#tracksVersion += 1;
    this.#hasVideo = tracks.some(({ kind }) => kind === 'video');
    this.#forgetKept(); // the header of the new tracks does not fit it
    this.#packager.setTracks(tracks);
  }

  /** Times of the samples are on one continuous line: see Timeline. */
  append(sample: Sample, nowMs: number): void {
    this.#nowMs = nowMs;
    this.#lastSampleMs = nowMs;
    this.#interleaver.push(sample);
    this.#flushOverdue();
  }

  /** To be called every 20 to 40 ms: sends what has waited long enough for a picture that does not come. */
  tick(nowMs: number): void {
    this.#nowMs = nowMs;
    const silentMs = nowMs - this.#lastSampleMs;
    if (this.#interleaver.waitingSamples > 0 && silentMs >= this.#patienceMs + this.#interleaver.windowMs) {
      this.#interleaver.drain();
    }
    this.#flushOverdue();
  }

  /** Is data of a sample that lies in this memory still to be packaged? */
  holds(memory: ArrayBufferLike): boolean {
    return this.#interleaver.holds(memory) || this.#packager.holds(memory);
  }

  /** A feed for one push. It costs nothing until it is opened. */
  openFeed(limits: Partial<FeedLimits> = {}): ChannelFeed {
    const feed = new ChannelFeed(this.#owner, { ...this.#feedLimits, ...limits });
    if (this.#isEnded) feed.end();
    return feed;
  }

  /** What waits for its turn goes out: nothing comes that it could wait for. */
  drain(): void {
    this.#interleaver.drain();
    this.#flush();
  }

  /** The stream is over: what waits goes out, then all feeds end. */
  end(): void {
    this.drain();
    this.abandon('final');
  }

  /** All feeds end as they are; what waits is lost. */
  abandon(kind: EndKind): void {
    this.#isEnded = true;
    for (const feed of [...this.#feeds]) feed.end(kind);
  }

  #ownFeeds(): FeedOwner {
    const position = () => this.#position;
    return {
      opened: (feed) => this.#start(feed),
      closed: (feed) => this.#drop(feed),
      header: (first) => this.#packager.header(first),
      resume: (first) => this.#packager.resume?.(first),
      cut: () => this.#cut(),
      get position() {
        return position();
      },
    };
  }

  #ownSlabs(): SlabOwner {
    const batches = () => this.#position.batches;
    const keptFrom = () => this.#keptFrom.batches;
    return {
      get batches() {
        return batches();
      },
      get keptFrom() {
        return keptFrom();
      },
      isDrained: () => this.#feeds.every(({ pendingBytes }) => pendingBytes === 0),
    };
  }

  #start(feed: ChannelFeed): void {
    this.#feeds.push(feed);
    if (this.#keptBytes > feed.limits.maxPendingBytes) return;
    const position = this.#position;
    this.#position = this.#keptFrom;
    for (const batch of this.#kept) {
      feed.deliver(batch, this.#tracksVersion, this.#nowMs);
      this.#position = behind(this.#position, batch);
    }
    this.#position = position;
  }

  #cut(): boolean {
    this.#packager.cut?.();
    return this.#packager.cut !== undefined;
  }

  #package(sample: Sample): void {
    const isVideo = sample.track.kind === 'video';
    const startsBatch = isVideo && sample.isSync; // connections start at such batches
    if (startsBatch && this.#waitingVideo + this.#waitingAudio > 0) this.#flush();
    const timeMs = (sample.dts * 1000) / sample.track.timescale;
    if (this.#waitingVideo + this.#waitingAudio === 0) {
      this.#waitingSinceMs = this.#nowMs;
      this.#waitingFromMs = timeMs;
    }
    this.#packager.append(sample);
    if (isVideo) this.#waitingVideo += 1;
    else this.#waitingAudio += 1;
    const isFull = this.#hasVideo
      ? this.#waitingVideo >= this.#options.videoSamplesPerBatch
      : timeMs - this.#waitingFromMs >= AUDIO_BATCH_MS;
    if (isFull) this.#flush();
  }

  /** Two pictures of 25 a second, less a little, and as much again for each that travels along. */
  get #patienceMs(): number {
    return this.#hasVideo ? 30 + 50 * this.#options.videoSamplesPerBatch : AUDIO_BATCH_MS;
  }

  #flushOverdue(): void {
    const isWaiting = this.#waitingVideo + this.#waitingAudio > 0;
    if (isWaiting && this.#nowMs - this.#waitingSinceMs >= this.#patienceMs) this.#flush();
  }

  #flush(): void {
    this.#waitingVideo = 0;
    this.#waitingAudio = 0;
    const batch = this.#packager.flush();
    if (batch === undefined) return;
    this.#keep(batch);
    const feeds = this.#feeds;
    const count = feeds.length; // a feed that is opened meanwhile gets this batch with the kept ones
    for (let index = 0; index < count; index++) feeds[index]!.deliver(batch, this.#tracksVersion, this.#nowMs);
    this.#position = behind(this.#position, batch);
  }

  #keep(batch: WireBatch): void {
    if (batch.isSync) this.#forgetKept();
    else if (this.#kept.length === 0) return;
    this.#kept.push(batch);
    this.#keptBytes += batch.bytes.length;
    if (this.#keptBytes > this.#options.maxKeptBytes || this.#kept.length > MAX_KEPT_BATCHES) this.#forgetKept();
  }

  #forgetKept(): void {
    this.#kept = [];
    this.#keptFrom = this.#position;
    this.#keptBytes = 0;
  }

  /** Makes a new list, so that a round under way goes on with the old one. */
  #drop(closed: ChannelFeed): void {
    if (closed.pendingBytes > 0) this.#slabs.forget();
    this.#feeds = this.#feeds.filter((feed) => !feed.isClosed);
  }
}
