import { setTimeout as delay } from 'node:timers/promises';
import type { WireBatch } from '../packager/packager.ts';
import type { BatchSink, EndKind } from '../publisher/publisher.ts';
import type { Keeper } from './keeper.ts';
import type { ListedSegment } from './playlist.ts';
import { PlaylistUploads } from './playlist-uploads.ts';
import { PlaylistWindow } from './playlist-window.ts';
import { ACKNOWLEDGED_SEGMENTS_LISTED, MAX_ANNOUNCED_SEGMENTS, SEGMENT_TYPE } from './profiles.ts';
import type { PublicationState } from './publication-state.ts';
import { Retention } from './retention.ts';
import { epochOfSegment, segmentName } from './segment-name.ts';
import { SegmentQueue, type Shipment } from './segment-queue.ts';
import type { HlsSegment } from './segmenter.ts';
import { type HlsTarget, pathBeside } from './target.ts';
import type { UploadClient } from './upload-client.ts';
import type { Uploader } from './uploader.ts';

export interface PublicationDeps {
  readonly target: HlsTarget;
  readonly client: UploadClient;
  readonly uploader: Uploader;
  readonly keeper: Keeper;
  /** Where it begins. */
  readonly state: PublicationState;
  /** Ends every wait. */
  readonly signal: AbortSignal;
}

const MIN_TIMEOUT_MS = 5000;
/** What is under way at the end may take so long, and the playlist that says so as long again. */
const GOODBYE_MS = 500;
/** ... and so long when the publication goes on elsewhere: nobody else has these segments. */
const HANDOVER_MS = 2000;

/** Takes the segments of a feed and brings them to the target, with the playlist that names them. */
export class Publication implements BatchSink {
  readonly #deps: PublicationDeps;
  readonly #window: PlaylistWindow;
  readonly #retention: Retention;
  readonly #queue: SegmentQueue;
  readonly #playlists: PlaylistUploads;
  readonly #failure = Promise.withResolvers<never>();
  readonly #ended = Promise.withResolvers<EndKind>();
  /** End of what earlier attempts have published, wall clock; undefined once something newer has come. */
  #publishedUntilMs: number | undefined;
  /** For names. The number of a segment that was lost is not used again: it may still arrive. */
  #nextNumber: number;
  /** Number of the segment that continues what is listed; undefined when none does. */
  #continuedBy: number | undefined;
  /** Listed, and not acknowledged. */
  #announced = 0;
  #confirmedBytes = 0;
  #droppedSamples = 0;
  #uploads: Promise<void> | undefined;

  constructor(deps: PublicationDeps) {
    const { target, state } = deps;
    this.#deps = deps;
    this.#window = new PlaylistWindow(state.playlist);
    this.#retention = new Retention(state.retired);
    this.#queue = new SegmentQueue(target.segmentCount);
    this.#playlists = new PlaylistUploads({
      ...deps,
      window: this.#window,
      retention: this.#retention,
      timeoutMs: Math.max(MIN_TIMEOUT_MS, target.segmentDurationMs),
      failed: (error) => this.#failure.reject(error),
    });
    this.#failure.promise.catch(() => {}); // it may come when nobody listens any more
    this.#publishedUntilMs = this.#window.endsAtMs;
    this.#nextNumber = this.#window.nextSequence;
  }

  /** Segments that the target has acknowledged. */
  get confirmedBytes(): number {
    return this.#confirmedBytes;
  }

  /** In segments that were lost. */
  get droppedSamples(): number {
    return this.#droppedSamples;
  }

  get pendingBytes(): number {
    return this.#queue.pendingBytes + this.#playlists.pendingBytes;
  }

  write(_bytes: Buffer, batch?: WireBatch): void {
    if (batch === undefined) return; // a header, and segments need none
    const segment = batch as HlsSegment;
    if (this.#isRepeated(segment)) return;
    this.#publishedUntilMs = undefined;
    const number = this.#nextNumber++;
    const uri = segmentName(this.#deps.target.segmentPrefix, this.#deps.keeper.epoch, number);
    const dropped = this.#queue.push({ segment, number, uri, isListed: false });
    for (const shipment of dropped) this.#onLost(shipment);
    this.#announce();
  }

  end(kind: EndKind): void {
    this.#queue.close(false);
    this.#ended.resolve(kind);
  }

  /**
   * Resolves when the feed has ended and the goodbye is said, which takes a second at most, or four for a handover. Rejects with
   * PublishError, or with any error once the signal is aborted.
   */
  async run(): Promise<void> {
    const { signal } = this.#deps;
    const uploads = this.#uploadSegments();
    this.#uploads = uploads.catch(() => {});
    const failure = this.#failure.promise;
    const kind = await Promise.race([failure, this.#ended.promise, uploads.then(() => this.#ended.promise)]);
    const patienceMs = kind === 'handover' ? HANDOVER_MS : GOODBYE_MS;
    await Promise.race([failure, uploads, delay(patienceMs, undefined, { signal })]);
    if (kind === 'final' && this.#window.length > 0) this.#playlists.end();
    await Promise.race([failure, this.#playlists.settled, delay(patienceMs, undefined, { signal })]);
  }

  /** Resolves when nothing is under way any more. To be called when the signal is aborted. Never rejects. */
  async stop(): Promise<void> {
    this.#queue.close(true);
    await Promise.all([this.#uploads, this.#playlists.idle]);
  }

  async #uploadSegments(): Promise<void> {
    for (;;) {
      const shipment = await this.#queue.next();
      if (shipment === undefined) return;
      await this.#uploadSegment(shipment);
      if (this.#deps.target.rules.isSerial) await this.#playlistOrNextSegment(shipment);
    }
  }

  async #uploadSegment(shipment: Shipment): Promise<void> {
    const { target, uploader } = this.#deps;
    const { segment, uri } = shipment;
    const fate = await uploader.store({
      lane: 'segments',
      path: pathBeside(target.playlistPath, uri),
      contentType: SEGMENT_TYPE,
      cacheControl: target.rules.cacheControl?.segment,
      body: segment.bytes,
      timeoutMs: Math.max(MIN_TIMEOUT_MS, segment.durationMs),
      budgetMs: segment.durationMs,
    });
    if (fate === 'stored') this.#onStored(shipment);
    else this.#onLost(shipment);
  }

  #onStored(shipment: Shipment): void {
    this.#confirmedBytes += shipment.segment.bytes.length;
    if (this.#deps.target.rules.listing === 'stored') {
      this.#list(shipment);
      this.#retire(this.#window.trimLive(this.#deps.target.segmentCount));
      this.#playlists.upload();
    } else {
      this.#announced -= 1;
      this.#announce();
    }
  }

  /** What is listed stays listed, or the numbers of all behind it would change. */
  #onLost({ segment, isListed }: Shipment): void {
    this.#droppedSamples += segment.videoSamples + segment.audioSamples;
    if (!isListed) return;
    this.#continuedBy = undefined;
    this.#announced -= 1;
    this.#announce();
  }

  /**
   * Whether an earlier attempt has brought this to the target: the kept segment that every feed begins with, or what another worker, which cuts
   * elsewhere, had got to. Goes by the wall clock of the playlist's end, to half a segment: as much is repeated or left out at a take-over. A clock
   * that is off by more than two segments is not believed.
   */
  #isRepeated({ startsAtMs, durationMs, targetDurationS }: HlsSegment): boolean {
    if (this.#publishedUntilMs === undefined) return false;
    const overlapMs = this.#publishedUntilMs - startsAtMs;
    return overlapMs > durationMs / 2 && overlapMs <= 2000 * targetDurationS;
  }

  /** Lists segments before they are uploaded, as many as the target allows. */
  #announce(): void {
    if (this.#deps.target.rules.listing !== 'announced') return;
    const room = MAX_ANNOUNCED_SEGMENTS - this.#announced;
    const news = this.#queue.waiting.filter(({ isListed }) => !isListed).slice(0, room);
    if (news.length === 0) return;
    for (const shipment of news) this.#list(shipment);
    this.#announced += news.length;
    this.#retire(this.#window.trim(this.#announced + ACKNOWLEDGED_SEGMENTS_LISTED));
    this.#playlists.upload();
  }

  #list(shipment: Shipment): void {
    const { segment, number, uri } = shipment;
    const { durationMs, startsAtMs, targetDurationS } = segment;
    const isDiscontinuity = !this.#window.isNew && (segment.isDiscontinuity || number !== this.#continuedBy);
    shipment.isListed = true;
    this.#continuedBy = number + 1;
    this.#window.add({ uri, durationMs, startsAtMs, isDiscontinuity }, targetDurationS);
    this.#retention.noteLength(this.#window);
  }

  #retire(removed: readonly ListedSegment[]): void {
    // A playlist that we go on with may list what others have put there, and anywhere: only what looks like ours is ever deleted.
    const ours = removed.filter(({ uri }) => epochOfSegment(uri) !== undefined);
    if (this.#deps.target.deletes) this.#retention.retire(ours, this.#window, Date.now());
  }

  async #playlistOrNextSegment({ segment }: Shipment): Promise<void> {
    const patience = new AbortController();
    const signal = AbortSignal.any([patience.signal, this.#deps.signal]);
    const late = delay(segment.durationMs, undefined, { signal }).catch(() => {});
    await Promise.race([this.#playlists.settled, late]);
    patience.abort();
  }
}
