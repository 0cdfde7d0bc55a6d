import { randomUUID } from 'node:crypto';
import type { ControlMessage, Keys, LiveSource } from '@pushfleet/contract';
import type { Redis } from 'ioredis';
import { Remembered } from '../desired/remembered.ts';
import type { FleetScripts } from '../fleet/scripts.ts';
import { within } from '../fleet/within.ts';

export interface LiveRegistryDeps {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly scripts: FleetScripts;
  readonly worker: {
    readonly id: string;
    readonly name: string;
    readonly rtmp: () => string;
    readonly http: () => string;
  };
  /** Ids of the workers that live, this one included. */
  readonly living: () => ReadonlySet<string>;
}

/** How long a publisher waits for Redis before it is let in provisionally. */
const CLAIM_MS = 1_000;

/** A publication at this worker. */
interface Own {
  readonly entry: LiveSource;
  /** The name turned out to be another worker's. */
  readonly lost: (holder: LiveSource) => void;
}

/** Which worker takes which published stream in: one publisher for a name in the whole fleet. */
export class LiveRegistry {
  readonly #deps: LiveRegistryDeps;
  readonly #own = new Map<string, Own>();
  readonly #found: Remembered<LiveSource | undefined>;
  /** Publications that are over and still have to be withdrawn. */
  readonly #over = new Set<LiveSource>();

  constructor(deps: LiveRegistryDeps) {
    this.#deps = deps;
    this.#found = new Remembered((stream) => this.#look(stream));
  }

  /**
   * Undefined when the name is this worker's now; else who has it. While Redis is away the name is taken on trust: encoders reconnect just
   * then, and must not be sent away. `lost` is called when it turns out later that another worker has the name.
   */
  async claim(stream: string, publisher: string, lost: Own['lost']): Promise<LiveSource | undefined> {
    const { worker } = this.#deps;
    const entry: LiveSource = {
      stream,
      worker: worker.id,
      workerName: worker.name,
      rtmp: worker.rtmp(),
      http: worker.http(),
      token: randomUUID(),
      publisher,
      since: new Date().toISOString(),
    };
    const own = { entry, lost };
    const written = this.#write(entry);
    if (await within(CLAIM_MS, written)) {
      const holder = await written;
      if (holder === undefined) this.#own.set(stream, own);
      return holder;
    }
    this.#own.set(stream, own);
    written.then((holder) => this.#settle(own, holder)).catch(() => {}); // the restoring after the outage claims it again
    return undefined;
  }

  /** Asks the worker that has the name whether its publisher still sends. */
  async doubt(stream: string): Promise<void> {
    const { redis, keys } = this.#deps;
    await redis.publish(keys.control, JSON.stringify({ op: 'doubt', stream } satisfies ControlMessage));
  }

  /** Never rejects: what Redis does not take now is withdrawn with the next `tidy`. */
  async release(stream: string): Promise<void> {
    const own = this.#own.get(stream);
    this.#own.delete(stream);
    if (own !== undefined) this.#over.add(own.entry);
    await this.tidy();
  }

  /** Withdraws what could not be withdrawn when it ended: a name that stays behind could not be published anywhere else. */
  async tidy(): Promise<void> {
    for (const entry of this.#over) {
      const { stream, token } = entry;
      const done = this.#deps.scripts.releaseLive(stream, token, liveMessage(stream));
      await done.then(
        () => this.#over.delete(entry),
        () => {},
      );
    }
  }

  /** This worker's publications are put (back) into the registry, unless another worker was faster. Costs nothing when they are there. */
  async restore(): Promise<void> {
    for (const own of [...this.#own.values()]) {
      // Who has left in the meantime is not put back: nobody would ever withdraw that name.
      if (this.#own.get(own.entry.stream) === own) this.#settle(own, await this.#write(own.entry));
    }
  }

  /** Where a stream can be pulled from; undefined when no other living worker serves it. While Redis is away: where it was last. */
  find(stream: string): Promise<LiveSource | undefined> {
    return this.#found.read(stream);
  }

  /**
   * The other living worker that has the stream, as Redis says now; undefined also when Redis does not answer: a peer is sent elsewhere only
   * by what is true, else two workers could send it to and fro.
   */
  async holder(stream: string): Promise<LiveSource | undefined> {
    const found = this.#holder(stream).catch(() => undefined);
    return (await within(CLAIM_MS, found)) ? found : undefined;
  }

  async #look(stream: string): Promise<LiveSource | undefined> {
    const entry = await this.#holder(stream);
    return entry?.rtmp === '' ? undefined : entry;
  }

  async #holder(stream: string): Promise<LiveSource | undefined> {
    const json = await this.#deps.redis.hget(this.#deps.keys.live, stream);
    if (json === null) return undefined;
    const entry = JSON.parse(json) as LiveSource;
    return entry.worker === this.#deps.worker.id || !this.#deps.living().has(entry.worker) ? undefined : entry;
  }

  /** What Redis says of a claim that was made on trust. */
  #settle(own: Own, holder: LiveSource | undefined): void {
    const { stream } = own.entry;
    if (holder === undefined || this.#own.get(stream) !== own) return;
    this.#own.delete(stream);
    own.lost(holder);
  }

  async #write(entry: LiveSource): Promise<LiveSource | undefined> {
    const { scripts, worker } = this.#deps;
    const holder = await scripts.claimLive(entry.stream, worker.id, JSON.stringify(entry), liveMessage(entry.stream));
    return holder === undefined ? undefined : (JSON.parse(holder) as LiveSource);
  }
}

function liveMessage(stream: string): string {
  return JSON.stringify({ op: 'live', stream } satisfies ControlMessage);
}
