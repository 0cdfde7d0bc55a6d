import { randomUUID } from 'node:crypto';
import type { ControlMessage, Keys, LiveSource } from '@pushfleet/contract';
import type { Redis } from 'ioredis';
import type { FleetScripts } from '../fleet/scripts.ts';

export interface LiveRegistryDeps {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly scripts: FleetScripts;
  readonly worker: { readonly id: string; readonly name: string; readonly rtmp: () => string };
  /** Ids of the workers that live, this one included. */
  readonly living: () => ReadonlySet<string>;
}

/** Which worker takes which published stream in: one publisher for a name in the whole fleet. */
export class LiveRegistry {
  readonly #deps: LiveRegistryDeps;
  readonly #own = new Map<string, LiveSource>();
  /** Publications that are over and still have to be withdrawn. */
  readonly #over = new Set<LiveSource>();

  constructor(deps: LiveRegistryDeps) {
    this.#deps = deps;
  }

  /** Undefined when the name is this worker's now; else who has it. */
  async claim(stream: string, publisher: string): Promise<LiveSource | undefined> {
    const { worker } = this.#deps;
    const entry: LiveSource = {
      stream,
      worker: worker.id,
      workerName: worker.name,
      rtmp: worker.rtmp(),
      token: randomUUID(),
      publisher,
      since: new Date().toISOString(),
    };
    const holder = await this.#write(entry);
    if (holder === undefined) this.#own.set(stream, entry);
    return holder;
  }

  /** Asks the worker that has the name whether its publisher still sends. */
  async doubt(stream: string): Promise<void> {
    const { redis, keys } = this.#deps;
    await redis.publish(keys.control, JSON.stringify({ op: 'doubt', stream } satisfies ControlMessage));
  }

  /** Never rejects: what Redis does not take now is withdrawn with the next `tidy`. */
  async release(stream: string): Promise<void> {
    const entry = this.#own.get(stream);
    if (entry === undefined) return;
    this.#own.delete(stream);
    this.#over.add(entry);
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

  /** After a loss of the data set: this worker's publications are put back. */
  async restore(): Promise<void> {
    for (const entry of this.#own.values()) await this.#write(entry);
  }

  /** Where a stream can be pulled from; undefined when no other living worker serves it. */
  async find(stream: string): Promise<LiveSource | undefined> {
    const json = await this.#deps.redis.hget(this.#deps.keys.live, stream);
    if (json === null) return undefined;
    const entry = JSON.parse(json) as LiveSource;
    if (entry.worker === this.#deps.worker.id || entry.rtmp === '' || !this.#deps.living().has(entry.worker))
      return undefined;
    return entry;
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
