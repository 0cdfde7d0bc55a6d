import type { DesiredStream, FleetEvent, LiveSource } from '@pushfleet/contract';
import type { Sample, Track } from '@pushfleet/protocols';
import { pino } from 'pino';
import { WorkerHttp } from '../../http/worker-http.ts';
import type { FactWriter } from '../../status/fact-writer.ts';
import type { ClusterPulls } from '../cluster-pulls.ts';
import { Ingest } from '../ingest.ts';
import type { PublishedSource } from '../input.ts';
import type { LiveRegistry } from '../live-registry.ts';
import type { StreamHub } from '../stream-hub.ts';
import { StreamHubs } from '../stream-hubs.ts';
import type { StreamInputs } from '../stream-input.ts';

/** What publishers feed, and how long they have been silent. */
function inputsOf(hub: StreamHub, quietMs: () => number | undefined): StreamInputs {
  let current: object | undefined;
  const publish = (): PublishedSource => {
    const begun = hub.begin();
    let lastAt = performance.now();
    const source = {
      tracks: (tracks: readonly Track[]) => begun.tracks(tracks),
      sample: (sample: Sample) => {
        lastAt = performance.now();
        begun.sample(sample);
      },
      get quietMs() {
        return quietMs() ?? performance.now() - lastAt;
      },
      end: () => {
        begun.end();
        if (current === source) current = undefined;
      },
    };
    current = source;
    return source;
  };
  const inputs: Partial<StreamInputs> = { publish, reason: '', tick: () => {}, close: () => {} };
  Object.defineProperty(inputs, 'published', { get: () => current !== undefined });
  return inputs as StreamInputs;
}

/** A worker's doors without the rest of the worker: the fleet, Redis and what people want are as the test says. */
export class IngestKit {
  /** Who has a name elsewhere in the fleet. */
  readonly holders = new Map<string, LiveSource>();
  readonly claimed = new Set<string>();
  readonly events: Partial<FleetEvent>[] = [];
  draining = false;
  peers: string[] = [];
  /** Instead of the true silence of all publishers. */
  quietMs: number | undefined;
  address = '';
  readonly ingest: Ingest;
  readonly hubs = new StreamHubs((hub) => inputsOf(hub, () => this.quietMs));
  readonly #streams = new Map<string, DesiredStream>();
  readonly #http: WorkerHttp;

  constructor() {
    const live: Pick<LiveRegistry, 'claim' | 'release' | 'doubt' | 'holder'> = {
      claim: async (name) => {
        const holder = this.holders.get(name);
        if (holder === undefined) this.claimed.add(name);
        return holder;
      },
      release: async (name) => void this.claimed.delete(name),
      doubt: async () => {},
      holder: async (name) => this.holders.get(name),
    };
    this.ingest = new Ingest({
      isSibling: () => false,
      hubs: this.hubs,
      live: live as LiveRegistry,
      stream: async (name) => this.#streams.get(name),
      facts: { event: (event: FleetEvent) => void this.events.push(event) } as unknown as FactWriter,
      workerName: 'worker-1',
      draining: () => this.draining,
      pulls: { classify: () => 'player' } as unknown as ClusterPulls,
      httpAddress: () => this.address,
      readyPeers: () => this.peers,
      mediaTimeoutMs: 1_000,
      log: pino({ level: 'silent' }),
    });
    this.#http = new WorkerHttp({
      unready: () => [],
      leaving: () => false,
      warnings: () => [],
      fence: async () => undefined,
      metrics: () => '',
      mediaInfo: () => undefined,
      media: (exchange) => this.ingest.answer(exchange),
      failed: (error) => {
        throw error;
      },
      headTimeoutMs: 1_000,
    });
  }

  async listen(): Promise<void> {
    this.address = `127.0.0.1:${await this.#http.listen(0, '127.0.0.1')}`;
  }

  get url(): string {
    return `http://${this.address}`;
  }

  /** A stream that may be published, unless `spec` says otherwise. */
  want(name: string, spec: Partial<DesiredStream['spec']> = {}): DesiredStream {
    const stream = { name, spec: { inputs: ['publish://'], ...spec }, origin: 'file', removed: false } as DesiredStream;
    this.#streams.set(name, { ...stream, revision: 1, createdAt: '' });
    return stream;
  }

  /** Another worker has the name. */
  hold(stream: string, http: string): void {
    const entry = { stream, worker: 'w2', workerName: 'worker-2', rtmp: '', http, token: '', publisher: '', since: '' };
    this.holders.set(stream, entry);
  }

  async close(): Promise<void> {
    await this.ingest.close();
    await this.#http.close();
    this.hubs.close();
  }
}
