import type { ServerResponse } from 'node:http';
import type { EventLog } from '../events/event-log.ts';
import { LiveClient } from './live-client.ts';
import { parseCursor } from './live-log.ts';
import { LiveView, type LiveViewDeps } from './live-view.ts';

export interface LiveFeedDeps extends LiveViewDeps {
  readonly events: EventLog;
}

/** Without clients the view goes on for those who come back. */
const LINGER_MS = 30_000;

/** What the dashboard follows: worked out once a second, turned into bytes once, and sent to everybody. Rests while nobody looks. */
export class LiveFeed {
  readonly #deps: LiveFeedDeps;
  readonly #clients = new Set<LiveClient>();
  #view: LiveView | undefined;
  #opening: Promise<LiveView> | undefined;
  #wantedAt = 0;

  constructor(deps: LiveFeedDeps) {
    this.#deps = deps;
  }

  /** JSON of a LiveSnapshot. Rejects with `redis_unavailable` only when Redis was never reached. */
  async snapshot(): Promise<string> {
    return (await this.open()).snapshotJson();
  }

  /** The view, at work. Rejects as `snapshot`. */
  async open(): Promise<LiveView> {
    this.#wantedAt = performance.now();
    if (this.#view !== undefined) return this.#view;
    this.#opening ??= this.#start().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  /**
   * Sends the feed to a response whose head is written: from `cursor` on, or a snapshot and the events since then when more than that is gone.
   * Returns what ends it.
   */
  join(view: LiveView, response: ServerResponse, cursor: string | undefined): () => void {
    const client = new LiveClient(response, () => view.snapshotMessage());
    const from = cursor === undefined ? undefined : parseCursor(cursor);
    const missed = from && view.log.after(from);
    for (const bytes of missed ?? [view.snapshotMessage()]) client.send(bytes);
    this.#clients.add(client);
    if (from !== undefined && missed === undefined) this.#sendPast(view, client, from.event).catch(this.#deps.failed);
    return () => {
      this.#clients.delete(client);
      this.#wantedAt = performance.now();
    };
  }

  stop(): void {
    this.#view?.stop();
    this.#view = undefined;
  }

  async #sendPast(view: LiveView, client: LiveClient, after: string): Promise<void> {
    for await (const page of this.#deps.events.after(after)) if (page.length > 0) client.send(view.pastEvents(page));
  }

  async #start(): Promise<LiveView> {
    const view = new LiveView(this.#deps, (bytes) => {
      for (const client of this.#clients) client.send(bytes);
    });
    try {
      await view.look();
    } catch (error) {
      view.stop();
      throw error;
    }
    this.#view = view;
    view.start(() => {
      const isWanted = this.#clients.size > 0 || performance.now() - this.#wantedAt < LINGER_MS;
      if (!isWanted && this.#view === view) this.stop();
    });
    return view;
  }
}
