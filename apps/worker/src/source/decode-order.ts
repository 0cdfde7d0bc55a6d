import { Interleaver, type Sample, type Track } from '@pushfleet/protocols';
import type { SourceEvents } from './source-events.ts';

/**
 * Hands on what a source tells, with the samples of all its tracks in the order of their decode times. For containers whose muxers gather
 * sound for some tenths of a second before they write it, as with MPEG-TS. The end has to be told: samples may still wait.
 */
export class DecodeOrder implements SourceEvents {
  readonly #events: SourceEvents;
  readonly #interleaver: Interleaver;
  #hasBegun = false;

  constructor(events: SourceEvents) {
    this.#events = events;
    this.#interleaver = new Interleaver((sample) => events.sample(sample));
  }

  tracks(tracks: readonly Track[]): void {
    this.#interleaver.drain();
    if (!this.#hasBegun) this.#interleaver.await(tracks);
    this.#hasBegun = true;
    this.#events.tracks(tracks);
  }

  sample(sample: Sample): void {
    this.#interleaver.push(sample);
  }

  end(): void {
    this.#interleaver.drain();
  }
}
