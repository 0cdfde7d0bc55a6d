import type { LiveRegistry } from './live-registry.ts';

export interface ElsewhereDeps {
  readonly live: LiveRegistry;
  /** HTTP address of this worker. */
  readonly self: () => string;
  /** HTTP addresses of the other living workers that are not being drained. */
  readonly ready: () => readonly string[];
}

/** Which other worker a peer is sent to. An address is `host:port`; undefined when there is none to name. */
export class Elsewhere {
  readonly #deps: ElsewhereDeps;

  constructor(deps: ElsewhereDeps) {
    this.#deps = deps;
  }

  /** `address`, unless it is empty or leads back here. */
  at(address: string | undefined): string | undefined {
    return address === '' || address === this.#deps.self() ? undefined : address;
  }

  /** The worker that has the stream. */
  async holder(stream: string): Promise<string | undefined> {
    return this.at((await this.#deps.live.holder(stream))?.http);
  }

  /** The worker that has the stream, or any that is ready. */
  async any(stream: string): Promise<string | undefined> {
    const ready = this.#deps.ready();
    return (await this.holder(stream)) ?? this.at(ready[Math.floor(Math.random() * ready.length)]);
  }
}
