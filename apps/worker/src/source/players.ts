import type { DesiredStream } from '@pushfleet/contract';
import type { BatchSink, WireFormat } from '@pushfleet/protocols';
import type { ClusterPulls } from './cluster-pulls.ts';
import type { StreamHubs } from './stream-hubs.ts';

export interface PlayersDeps {
  readonly hubs: StreamHubs;
  readonly pulls: ClusterPulls;
  readonly stream: (name: string) => Promise<DesiredStream | undefined>;
}

/** One player of one stream. */
export interface Play {
  /** Delivers the stream to the sink, from a sync sample on. Called once, or not at all. */
  start(format: WireFormat, sink: BatchSink): void;
  /** The player is gone. Called exactly once, and last. */
  stopped(): void;
}

/** `forged`: says that it is a worker of this fleet, and is not. */
export type PlayRefusalCode = 'stream_unknown' | 'not_live' | 'forged';

export type PlayAdmission =
  | { readonly accept: true; readonly play: Play }
  | { readonly accept: false; readonly code: PlayRefusalCode; readonly reason: string };

/** How long a player waits for a stream that has to be fetched first. */
const PLAY_WAIT_MS = 5_000;

const notLive = (name: string): PlayAdmission => ({ accept: false, code: 'not_live', reason: `${name} is not live` });

/** Serves any stream that is live, or can be fetched, to whoever wants to see it, whatever the protocol. */
export class Players {
  readonly #deps: PlayersDeps;

  constructor(deps: PlayersDeps) {
    this.#deps = deps;
  }

  /** The stream is on in this process: somebody uses it, and a player could start with a picture. */
  isLive(name: string): boolean {
    return this.#deps.hubs.isLive(name);
  }

  /** `query`: of the URL, not decoded; it tells workers from people. */
  async admit(name: string, query: string): Promise<PlayAdmission> {
    const { hubs, pulls } = this.#deps;
    const who = pulls.classify(name, query);
    if (who === 'impostor') return { accept: false, code: 'forged', reason: 'wrong cluster key' };
    // A worker is served only what is published right here: pulls never run in a circle.
    if (who === 'worker' && hubs.inputs(name)?.published !== true) return notLive(name);
    if (!(await this.#exists(name))) {
      return { accept: false, code: 'stream_unknown', reason: `there is no stream ${name}` };
    }
    const lease = hubs.acquire(name);
    try {
      if (!lease.hub.live) await lease.hub.nextSample(AbortSignal.timeout(PLAY_WAIT_MS));
    } catch {
      lease.release();
      return notLive(name);
    }
    let close = () => {};
    const start: Play['start'] = (format, sink) => {
      const feed = lease.hub.openFeed(format);
      close = () => feed.close();
      feed.open(sink);
    };
    const stopped = () => {
      close();
      lease.release();
    };
    return { accept: true, play: { start, stopped } };
  }

  /** While Redis is away, and nothing is remembered of the stream, nobody can say that it does not. */
  async #exists(name: string): Promise<boolean> {
    if (this.isLive(name)) return true;
    try {
      const stream = await this.#deps.stream(name);
      return stream !== undefined && !stream.removed;
    } catch {
      return true;
    }
  }
}
