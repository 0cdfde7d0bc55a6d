import type { Received } from './received.ts';

interface Counter {
  bytes: number;
  /** `bytes` at the last look, for the bitrate. */
  bytesBefore: number;
}

/** Counts what arrives under each name. */
export class Tally {
  readonly #counters = new Map<string, Counter>();
  #lookedAtMs = performance.now();

  add(name: string, bytes: number): void {
    const counter = this.#counters.get(name) ?? { bytes: 0, bytesBefore: 0 };
    counter.bytes += bytes;
    this.#counters.set(name, counter);
  }

  /** What has arrived until now, with the bitrate since the last look. */
  look(): Received[] {
    const now = performance.now();
    const seconds = (now - this.#lookedAtMs) / 1000;
    this.#lookedAtMs = now;
    return [...this.#counters].map(([name, counter]) => {
      const bitrateBps = Math.round(((counter.bytes - counter.bytesBefore) * 8) / seconds);
      counter.bytesBefore = counter.bytes;
      return { name, bytes: counter.bytes, bitrateBps };
    });
  }
}
