import type { ChannelOptions } from '@pushfleet/protocols';
import { type HubEvents, StreamHub } from './stream-hub.ts';
import type { StreamInputs } from './stream-input.ts';

/** A hub that someone uses. */
export interface SourceLease {
  readonly hub: StreamHub;
  /** Why the stream is not live, in words for people. */
  reason(): string;
  release(): void;
}

interface Entry {
  readonly hub: StreamHub;
  readonly inputs: StreamInputs;
  users: number;
}

/** How often waiting audio is looked at: the longest that it may wait for a video frame is a few of these. */
const TICK_MS = 40;
/** In so many of them the inputs are looked at once. */
const TICKS_PER_LOOK = 6;

/** All streams of this process, each with one hub, however many pushes and players want it. A stream that nobody uses is closed. */
export class StreamHubs {
  readonly #createInputs: (hub: StreamHub) => StreamInputs;
  readonly #events: Partial<HubEvents>;
  readonly #channelOptions: Partial<ChannelOptions>;
  readonly #entries = new Map<string, Entry>();
  /** Runs while there is a stream: a process that waits for work is not woken for nothing. */
  #timer: NodeJS.Timeout | undefined;
  #ticks = 0;

  constructor(
    createInputs: (hub: StreamHub) => StreamInputs,
    events: Partial<HubEvents> = {},
    channelOptions: Partial<ChannelOptions> = {},
  ) {
    this.#createInputs = createInputs;
    this.#events = events;
    this.#channelOptions = channelOptions;
  }

  get names(): string[] {
    return [...this.#entries.keys()];
  }

  acquire(name: string): SourceLease {
    const entry = this.#entries.get(name) ?? this.#open(name);
    entry.users++;
    let released = false;
    return {
      hub: entry.hub,
      reason: () => entry.inputs.reason,
      release: () => {
        if (released) return;
        released = true;
        entry.users--;
        if (entry.users === 0) this.#close(name, entry);
      },
    };
  }

  /** Somebody uses the stream, and a connection could start with a picture. */
  isLive(name: string): boolean {
    return this.#entries.get(name)?.hub.live ?? false;
  }

  /** What a stream that is live here carries. */
  describe(name: string): ReturnType<StreamHub['describe']> | undefined {
    const hub = this.#entries.get(name)?.hub;
    return hub?.live ? hub.describe() : undefined;
  }

  /** The inputs of a stream that is in use. */
  inputs(name: string): StreamInputs | undefined {
    return this.#entries.get(name)?.inputs;
  }

  close(): void {
    for (const [name, entry] of this.#entries) this.#close(name, entry);
  }

  #open(name: string): Entry {
    const hub = new StreamHub(name, this.#events, this.#channelOptions);
    const entry = { hub, inputs: this.#createInputs(hub), users: 0 };
    this.#entries.set(name, entry);
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
    return entry;
  }

  #close(name: string, entry: Entry): void {
    entry.inputs.close();
    this.#entries.delete(name);
    if (this.#entries.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    const now = performance.now();
    this.#events.beforeMedia?.(now);
    this.#ticks += 1;
    const isLook = this.#ticks % TICKS_PER_LOOK === 0;
    for (const { hub, inputs } of this.#entries.values()) {
      hub.tick(now);
      if (isLook) inputs.tick();
    }
  }
}
