import type { Environment } from '@pushfleet/config';
import type { Keys, MediaInfo } from '@pushfleet/contract';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { DesiredReader } from '../desired/desired-reader.ts';
import { Remembered } from '../desired/remembered.ts';
import type { FleetView } from '../fleet/fleet-view.ts';
import type { FleetScripts } from '../fleet/scripts.ts';
import type { Dials } from '../net/dials.ts';
import type { FactWriter } from '../status/fact-writer.ts';
import { ClusterPulls } from './cluster-pulls.ts';
import { Ingest } from './ingest.ts';
import { SourceOpener } from './input-opener.ts';
import { LiveRegistry, type LiveRegistryDeps } from './live-registry.ts';
import { StreamHubs } from './stream-hubs.ts';
import { type InputSwitch, StreamInputs } from './stream-input.ts';

export interface StreamsDeps {
  readonly config: Pick<Environment, 'sourceTimeoutMs' | 'flushFrames'>;
  readonly clusterKey: string;
  readonly redis: Redis;
  readonly keys: Keys;
  readonly scripts: FleetScripts;
  readonly desired: DesiredReader;
  readonly facts: FactWriter;
  readonly dials: Dials;
  readonly view: FleetView;
  readonly worker: LiveRegistryDeps['worker'];
  /** The HTTP address is that of another process of this host. */
  readonly isSibling: (address: string) => boolean;
  readonly draining: () => boolean;
  readonly switched: (change: InputSwitch) => void;
  /** Before media goes out; `now` is performance.now(). */
  readonly beforeMedia: (now: number) => void;
  /** A stream could not be put into a format that somebody wanted. */
  readonly failed: (error: unknown) => void;
  readonly log: Logger;
}

/** The streams of this worker: where they come from, who wants them, and the ports at which they come in and go out. */
export class Streams {
  readonly hubs: StreamHubs;
  readonly live: LiveRegistry;
  readonly ingest: Ingest;
  readonly #workerName: string;

  constructor(deps: StreamsDeps) {
    const { config, dials, view, worker, desired, facts, draining, log } = deps;
    const remembered = new Remembered((name) => desired.stream(name));
    const stream = (name: string) => remembered.read(name);
    const pulls = new ClusterPulls(deps.clusterKey);
    this.#workerName = worker.name;
    this.live = new LiveRegistry({
      redis: deps.redis,
      keys: deps.keys,
      scripts: deps.scripts,
      worker,
      living: () => view.ids,
    });
    const opener = new SourceOpener({
      live: this.live,
      dial: (trust) => dials.by(trust),
      pullUrl: (rtmp, name) => pulls.url(view.near(rtmp), name),
    });
    const inputs = { opener, stream, log, sourceTimeoutMs: config.sourceTimeoutMs, switched: deps.switched };
    this.hubs = new StreamHubs(
      (hub) => new StreamInputs(hub, inputs),
      { beforeMedia: deps.beforeMedia, failed: deps.failed },
      { videoSamplesPerBatch: config.flushFrames },
    );
    this.ingest = new Ingest({
      hubs: this.hubs,
      live: this.live,
      pulls,
      stream,
      facts,
      workerName: worker.name,
      draining,
      httpAddress: worker.http,
      readyPeers: () => view.ready,
      isSibling: deps.isSibling,
      log,
    });
  }

  /** What a stream carries; undefined when it is not live here. */
  describe(name: string): MediaInfo | undefined {
    const media = this.hubs.describe(name);
    return media && { worker: this.#workerName, at: new Date().toISOString(), ...media };
  }
}
