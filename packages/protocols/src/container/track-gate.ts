import { holdsAny, type Sample } from '../media/sample.ts';
import type { Track } from '../media/track.ts';

/** What a demuxer tells of a stream. */
export interface TrackEvents {
  /** What the stream consists of. Called before the first sample and again whenever a track is new, replaced or gone. */
  tracks(tracks: readonly Track[]): void;
  sample(sample: Sample): void;
}

/** How long samples wait for a track that was announced, in media time: a camera may announce sound that it never sends. */
const MAX_HOLD_MS = 1000;
/** How long sound waits for a picture that was announced: servers such as nginx-rtmp give nothing of it before the next sync sample. */
const MAX_PICTURE_HOLD_MS = 5000;
const MAX_HELD_SAMPLES = 1000;
const MAX_HELD_BYTES = 32 << 20;

/** Holds the first samples of a stream back until its tracks are known, so that all of them are announced at once. */
export class TrackGate {
  readonly #events: TrackEvents;
  #tracks: readonly Track[] = [];
  /** Undefined once the tracks have been announced. */
  #held: Sample[] | undefined = [];
  #heldBytes = 0;
  #firstMs: number | undefined;

  constructor(events: TrackEvents) {
    this.#events = events;
  }

  /** The tracks that are known now. `isComplete`: no other is expected. */
  setTracks(tracks: readonly Track[], isComplete: boolean): void {
    this.#tracks = tracks;
    if (this.#held === undefined) {
      this.#events.tracks(tracks);
      return;
    }
    this.#held = this.#held.filter(({ track }) => tracks.includes(track));
    this.#heldBytes = this.#held.reduce((sum, { data }) => sum + data.length, 0);
    if (isComplete) this.open();
  }

  /** A sample of a track that is known. */
  sample(sample: Sample): void {
    if (this.#held === undefined) {
      this.#events.sample(sample);
      return;
    }
    this.#held.push(sample);
    this.#heldBytes += sample.data.length;
    if (this.#held.length >= MAX_HELD_SAMPLES || this.#heldBytes >= MAX_HELD_BYTES) this.open();
  }

  /** Does a sample that is held back lie in this memory? */
  holds(memory: ArrayBufferLike): boolean {
    return this.#held !== undefined && holdsAny(this.#held, memory);
  }

  /** The stream has come to this time on its own line, with or without a sample. */
  reach(timeMs: number): void {
    if (this.#held === undefined) return;
    this.#firstMs ??= timeMs;
    const maxHoldMs = this.#tracks.some(({ kind }) => kind === 'video') ? MAX_HOLD_MS : MAX_PICTURE_HOLD_MS;
    if (Math.abs(timeMs - this.#firstMs) >= maxHoldMs) this.open();
  }

  /** Holds samples back again: the stream has become another one. */
  hold(): void {
    if (this.#held !== undefined) return;
    this.#held = [];
    this.#heldBytes = 0;
    this.#firstMs = undefined;
  }

  /** Waits no longer, if there is any track at all. */
  open(): void {
    const held = this.#held;
    if (held === undefined || this.#tracks.length === 0) return;
    this.#held = undefined;
    this.#events.tracks(this.#tracks);
    for (const sample of held) this.#events.sample(sample);
  }
}
