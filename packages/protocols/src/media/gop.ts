import type { Sample } from './sample.ts';

export interface GopLimits {
  readonly maxBytes: number;
  readonly maxSamples: number;
}

const DEFAULT_LIMITS: GopLimits = { maxBytes: 32 << 20, maxSamples: 10_000 };

/**
 * The samples since the last sync sample of the video track, so that who joins late has a picture at once. Without video it holds
 * the newest sample alone. A group of pictures that outgrows the limits is given up as a whole: half of one is of no use.
 */
export class GopCache {
  readonly #limits: GopLimits;
  #samples: Sample[] = [];
  /** Where they lie. A source writes many into one memory, so these are few, and whether one is among them is asked often. */
  #memories: ArrayBufferLike[] = [];
  #bytes = 0;
  #hasVideo = false;

  constructor(limits: Partial<GopLimits> = {}) {
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
  }

  push(sample: Sample): void {
    this.#hasVideo ||= sample.track.kind === 'video';
    const opensGroup = sample.isSync && (sample.track.kind === 'video' || !this.#hasVideo);
    if (opensGroup) this.clear();
    else if (this.#samples.length === 0) return;
    this.#bytes = opensGroup ? sample.data.length : this.#bytes + sample.data.length;
    this.#samples.push(sample);
    const memory = sample.data.buffer;
    if (memory !== this.#memories.at(-1)) this.#memories.push(memory);
    if (this.#bytes > this.#limits.maxBytes || this.#samples.length > this.#limits.maxSamples) this.clear();
  }

  /** In the order they came. A snapshot for reading at once: `push` may add to it. */
  get samples(): readonly Sample[] {
    return this.#samples;
  }

  /** Does a sample of the group lie in this memory? */
  holds(memory: ArrayBufferLike): boolean {
    return this.#memories.includes(memory);
  }

  /** Forgets the group, as at a change of tracks. */
  clear(): void {
    this.#samples = [];
    this.#memories = [];
  }
}
