import type { LiveRegistry } from './live-registry.ts';

export interface ElsewhereDeps {
  readonly live: LiveRegistry;
  /** HTTP address of this worker. */
  readonly self: () => string;
  /** HTTP addresses of the other living workers that are not being drained. */
  readonly ready: () => readonly string[];
  /** The HTTP address is that of another process of this host. */
  readonly isSibling: (address: string) => boolean;
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

  /**
   * The worker of another host that has the stream. What another process of this one has is better fetched than sent for: its own port may be
   * behind a firewall.
   */
  async host(stream: string): Promise<string | undefined> {
    const holder = await this.holder(stream);
    return holder === undefined || this.#deps.isSibling(holder) ? undefined : holder;
  }

  /** The worker that has the stream, or any that is ready. */
  async any(stream: string): Promise<string | undefined> {
    const ready = this.#deps.ready();
    return (await this.holder(stream)) ?? this.at(ready[Math.floor(Math.random() * ready.length)]);
  }
}
