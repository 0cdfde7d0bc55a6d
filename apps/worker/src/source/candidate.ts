import type { Sample, Track } from '@pushfleet/protocols';
import type { SourceEvents } from './source-events.ts';
import type { HubSource, StreamHub } from './stream-hub.ts';

/** What a candidate has to ask, and tells. */
export interface CandidateOwner {
  /** May it become the source of the hub with the sample that it has now? */
  mayTakeOver(): boolean;
  /** It is the source of the hub now; the sample is not there yet. */
  tookOver(): void;
}

/**
 * A source that wants to feed a hub. What it gives is left out until a sync sample comes with which it may take over: whoever feeds the hub
 * goes on until that very moment. When another candidate has taken over it waits for its turn again.
 */
export class Candidate implements SourceEvents {
  readonly #hub: StreamHub;
  readonly #owner: CandidateOwner;
  #tracks: readonly Track[] = [];
  #source: HubSource | undefined;
  #isClosed = false;
  readonly #openedAt = performance.now();
  #firstSampleAt: number | undefined;
  #lastSampleAt = 0;
  /** When it took over last, and when it gave its last sample to the hub. */
  #tookOverAt: number | undefined;
  #lastFedAt = 0;

  constructor(hub: StreamHub, owner: CandidateOwner) {
    this.#hub = hub;
    this.#owner = owner;
  }

  /** Its samples are the stream. */
  get isOn(): boolean {
    return this.#source?.isOn === true;
  }

  /** It has fed the hub, now or before. */
  get tookOver(): boolean {
    return this.#tookOverAt !== undefined;
  }

  get hasMedia(): boolean {
    return this.#firstSampleAt !== undefined;
  }

  /** Milliseconds since its last sample, or since it was opened. */
  get quietMs(): number {
    return performance.now() - (this.hasMedia ? this.#lastSampleAt : this.#openedAt);
  }

  get openForMs(): number {
    return performance.now() - this.#openedAt;
  }

  /** Milliseconds from its first sample to its last one. */
  get mediaForMs(): number {
    return this.#lastSampleAt - (this.#firstSampleAt ?? this.#lastSampleAt);
  }

  /** Milliseconds for which it has given samples to the hub since it took over last. */
  get fedForMs(): number {
    return this.#tookOverAt === undefined ? 0 : this.#lastFedAt - this.#tookOverAt;
  }

  tracks(tracks: readonly Track[]): void {
    this.#tracks = tracks;
    this.#source?.tracks(tracks);
  }

  sample(sample: Sample): void {
    if (this.#isClosed) return;
    const now = performance.now();
    this.#firstSampleAt ??= now;
    this.#lastSampleAt = now;
    if (!this.isOn && !this.#takeOver(sample)) return;
    this.#lastFedAt = now;
    this.#source?.sample(sample);
  }

  /** Its further samples are ignored; if it feeds the hub, the hub has no source then. */
  close(): void {
    this.#isClosed = true;
    this.#source?.end();
  }

  #takeOver({ track, isSync }: Sample): boolean {
    const opensPicture = isSync && (track.kind === 'video' || this.#tracks.every(({ kind }) => kind !== 'video'));
    if (!opensPicture || !this.#owner.mayTakeOver()) return false;
    this.#source = this.#hub.begin();
    this.#source.tracks(this.#tracks);
    this.#tookOverAt = this.#lastSampleAt;
    this.#owner.tookOver();
    return true;
  }
}
