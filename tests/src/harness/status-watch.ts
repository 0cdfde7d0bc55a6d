import { setTimeout as sleep } from 'node:timers/promises';
import type { FleetEvent, PushStatus } from '@pushfleet/contract';
import type { Api } from './api.ts';

/** How often each push is asked for its status. */
const POLL_MS = 50;
/** An event id before all others. */
const FROM_THE_FIRST = '0';

/** Everything that the API says of some pushes while a test runs: their status, asked for again and again, and all events. */
export class StatusWatch {
  readonly events: FleetEvent[] = [];
  readonly #statuses = new Map<string, PushStatus[]>();
  readonly #api: Api;
  readonly #stop = new AbortController();
  #working: Promise<unknown> = Promise.resolve();
  #polls = 0;

  constructor(api: Api) {
    this.#api = api;
    this.#working = this.#follow();
  }

  /** Watches a push from now on. */
  add(id: string): void {
    this.#statuses.set(id, []);
    this.#working = Promise.all([this.#working, this.#poll(id)]);
  }

  /** How often the API was asked. */
  get polls(): number {
    return this.#polls;
  }

  /** Each status the push had, in order; one that stayed counts once. */
  statuses(id: string): readonly PushStatus[] {
    return this.#statuses.get(id) ?? [];
  }

  eventsOf(id: string): FleetEvent[] {
    return this.events.filter(({ push }) => push === id);
  }

  /** Whether anybody who looked was ever told that the push runs. */
  saidRunning(id: string): boolean {
    const said = this.eventsOf(id).some(({ event, status }) => event === 'push_started' || status === 'running');
    return said || this.statuses(id).includes('running');
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#working;
  }

  async #follow(): Promise<void> {
    try {
      for await (const { event, data } of this.#api.events(this.#stop.signal, FROM_THE_FIRST)) {
        if (event !== 'reset' && event !== 'stale') this.events.push(JSON.parse(data) as FleetEvent);
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) throw error;
    }
  }

  async #poll(id: string): Promise<void> {
    const seen = this.#statuses.get(id)!;
    while (!this.#stop.signal.aborted) {
      const { status } = await this.#api.push(id);
      this.#polls++;
      if (seen.at(-1) !== status) seen.push(status);
      await sleep(POLL_MS);
    }
  }
}
