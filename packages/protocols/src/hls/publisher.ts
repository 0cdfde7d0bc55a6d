import type { WireFormat } from '../packager/packager.ts';
import { abortion, withTimeout } from '../publisher/cancel.ts';
import { PublishError } from '../publisher/errors.ts';
import type { BatchFeed, Publisher, PublisherDeps, PublisherStats } from '../publisher/publisher.ts';
import { Keeper } from './keeper.ts';
import { PlaylistWindow } from './playlist-window.ts';
import { Publication } from './publication.ts';
import type { PublicationState } from './publication-state.ts';
import { hlsWireFormat } from './segmenter.ts';
import { findStart } from './starting-point.ts';
import type { HlsTarget } from './target.ts';
import { UploadClient } from './upload-client.ts';
import { Uploader } from './uploader.ts';

/** A playlist that ended longer ago is not continued by the very next picture. */
const CONTINUED_MS = 10_000;

/** Publishes one stream to one HTTP server as HLS: segments and a media playlist, uploaded as they come. */
export class HlsPublisher implements Publisher {
  readonly #target: HlsTarget;
  readonly #deps: PublisherDeps;
  /** Ends everything, also when another attempt has taken over. */
  readonly #life = new AbortController();
  readonly #client: UploadClient;
  readonly #uploader: Uploader;
  #keeper: Keeper | undefined;
  #state: PublicationState | undefined;
  #publication: Publication | undefined;

  constructor(target: HlsTarget, deps: PublisherDeps) {
    this.#target = target;
    this.#deps = deps;
    this.#client = new UploadClient(target, deps, this.#life.signal);
    this.#uploader = new Uploader(this.#client, target, this.#life.signal);
  }

  async connect(signal: AbortSignal): Promise<void> {
    const { connectTimeoutMs } = this.#deps;
    const timeout = withTimeout(signal, connectTimeoutMs, () => {
      return new PublishError('connect_timeout', this.#client.peer === '' ? 'no connection yet' : 'no answer');
    });
    try {
      await this.#whileAlive(timeout.signal, this.#open());
    } catch (error) {
      await this.#end(error);
      throw error;
    } finally {
      timeout.stop();
    }
  }

  get wireFormat(): WireFormat {
    if (this.#state === undefined) throw new Error('wireFormat is known only after connect');
    const { segmentDurationMs: durationMs, rules } = this.#target;
    const promisedS = this.#state.playlist.targetDurationS;
    const isKept = promisedS >= Math.round(durationMs / 1000) && promisedS > 0;
    return hlsWireFormat({
      durationMs,
      targetDurationS: isKept ? promisedS : undefined,
      maxTargetDurationS: rules.maxTargetDurationS,
      continuesAtMs: this.#continuesAtMs,
    });
  }

  /** End of the playlist that goes on, if that was just now: what comes is to begin there. */
  get #continuesAtMs(): number | undefined {
    const endsAtMs = new PlaylistWindow(this.#state!.playlist).endsAtMs;
    const isRecent = endsAtMs !== undefined && Math.abs(Date.now() - endsAtMs) < CONTINUED_MS;
    return isRecent ? endsAtMs : undefined;
  }

  async send(feed: BatchFeed, signal: AbortSignal): Promise<void> {
    if (this.#keeper === undefined || this.#state === undefined) throw new Error('send comes after connect');
    const publication = new Publication({
      target: this.#target,
      client: this.#client,
      uploader: this.#uploader,
      keeper: this.#keeper,
      state: this.#state,
      signal: this.#life.signal,
    });
    this.#publication = publication;
    try {
      feed.open(publication);
      await this.#whileAlive(signal, publication.run());
    } finally {
      feed.close();
      await this.#end(new PublishError('target_closed', 'the push is over'));
      await publication.stop();
    }
  }

  stats(): PublisherStats {
    const { bytesSent, peer } = this.#client;
    const { pendingBytes = 0, confirmedBytes = 0, droppedSamples = 0 } = this.#publication ?? {};
    return { bytesSent, pendingBytes, confirmedBytes, droppedSamples, peer };
  }

  async #open(): Promise<void> {
    this.#keeper = await Keeper.open(this.#deps.memory, (fenced) => this.#life.abort(fenced));
    this.#state = await findStart({
      target: this.#target,
      client: this.#client,
      uploader: this.#uploader,
      keeper: this.#keeper,
      timeoutMs: this.#deps.connectTimeoutMs,
    });
    this.#life.signal.throwIfAborted();
  }

  /** The outcome of the work, unless the signal ends it or another attempt takes over: then the reason of that. */
  async #whileAlive(signal: AbortSignal, work: Promise<void>): Promise<void> {
    const either = AbortSignal.any([signal, this.#life.signal]);
    const aborted = abortion(either);
    try {
      await Promise.race([aborted.promise, work]);
      either.throwIfAborted();
    } catch (error) {
      throw either.aborted ? either.reason : error;
    } finally {
      aborted.stop();
    }
  }

  /** Leaves neither socket nor timer. */
  async #end(reason: unknown): Promise<void> {
    this.#life.abort(reason);
    await this.#client.destroy();
  }
}
