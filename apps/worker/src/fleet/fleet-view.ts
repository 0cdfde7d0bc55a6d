import type { WorkerRecord } from '@pushfleet/contract';

export interface FleetViewDeps {
  /** WorkerRecord.id of this worker. */
  readonly ownId: string;
  /** Another way to a worker that advertises `address`, which does not leave this host; undefined when there is none. */
  readonly near: (address: string) => string | undefined;
}

/** The workers that live, as of the last answered beat, and how this one reaches the others. Addresses are `host:port`. */
export class FleetView {
  readonly #deps: FleetViewDeps;
  #ids: ReadonlySet<string> = new Set();
  /** Those that can be asked something. */
  #others: readonly WorkerRecord[] = [];

  constructor(deps: FleetViewDeps) {
    this.#deps = deps;
  }

  /** `living`: of all pools, this one included. */
  see(living: readonly WorkerRecord[]): void {
    this.#ids = new Set(living.map(({ id }) => id));
    this.#others = living.filter(({ id, http }) => id !== this.#deps.ownId && http !== '');
  }

  /** This one included. */
  get ids(): ReadonlySet<string> {
    return this.#ids;
  }

  /** Where this worker reaches another one that advertises `address`. */
  near(address: string): string {
    return this.#deps.near(address) ?? address;
  }

  /** HTTP addresses at which the others are reached from here. */
  get others(): string[] {
    return this.#others.map(({ http }) => this.near(http));
  }

  /** HTTP addresses, as everybody reaches them, of those that can take a stream when this worker takes it no more. */
  get ready(): string[] {
    return this.#others.filter(({ state }) => state === 'ready').map(({ http }) => http);
  }
}
