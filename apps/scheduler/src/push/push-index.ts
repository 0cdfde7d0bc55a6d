import type { DesiredPush } from '@pushfleet/contract';
import type { DesiredCache } from './desired-cache.ts';

/** The pushes that are not removed, in the order of lists: by stream, then by id. Worked out anew only after a change. */
export class PushIndex {
  readonly #cache: DesiredCache;
  #version = -1;
  #all: readonly DesiredPush[] = [];
  #byStream: ReadonlyMap<string, readonly DesiredPush[]> = new Map();

  constructor(cache: DesiredCache) {
    this.#cache = cache;
  }

  get all(): readonly DesiredPush[] {
    this.#update();
    return this.#all;
  }

  ofStream(name: string): readonly DesiredPush[] {
    this.#update();
    return this.#byStream.get(name) ?? [];
  }

  #update(): void {
    if (this.#version === this.#cache.pushVersion) return;
    this.#version = this.#cache.pushVersion;
    this.#all = [...this.#cache.pushes.values().filter(({ removed }) => !removed)].sort(comparePushes);
    this.#byStream = Map.groupBy(this.#all, ({ stream }) => stream);
  }
}

/** Order of lists: stable, so that a page can go on where the last one ended. */
export function comparePushes(a: Pick<DesiredPush, 'stream' | 'id'>, b: Pick<DesiredPush, 'stream' | 'id'>): number {
  return compare(a.stream, b.stream) || compare(a.id, b.id);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
