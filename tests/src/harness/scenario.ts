import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PushView } from '@pushfleet/contract';
import { expect } from 'vitest';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { faultTable, type Observation } from './fault-table.ts';
import { makeSmallClip } from './ffmpeg.ts';
import { type Fleet, startFleet, type WorkerProcess } from './fleet.ts';
import { startRedis, type TestRedis } from './redis.ts';
import { type Publication, type RtmpSink, startRtmpSink } from './rtmp-sink.ts';
import { until } from './until.ts';

export interface Given {
  readonly workers: number;
  /** Copies of one small file, each to a target of its own. */
  readonly pushes: number;
}

/** A fault in steps. Each push that it hits is waited for at its target. */
export interface Fault {
  /** The workers whose pushes have to come back elsewhere; all other pushes have to go on. */
  readonly of?: readonly WorkerProcess[];
  /** What goes before the strike, and is not measured. */
  readonly prepare?: () => Promise<unknown>;
  readonly strike: () => Promise<unknown> | unknown;
  /** From the strike to the mending, at least. */
  readonly lastsMs?: number;
  readonly mend?: () => Promise<unknown> | unknown;
}

/** How often each fault is measured. Once shows that it is survived; figures need more, and then faults are as long and fleets as big as in docs/fleet.md. */
export const REPETITIONS = Number(process.env.PUSHFLEET_REPETITIONS ?? 1);
export const IS_MEASURED = REPETITIONS > 1;
export const RETRY_TIMEOUT_MS = 2_000;

const RECOVERY_TIMEOUT_MS = 30_000;
/** Sessions this long prove their health: then it is forgotten that pushes lost their workers. */
const HEALTHY_MS = 11_000;
const SETTLE_TIMEOUT_MS = 60_000;
/** Media of every push is there at least this often. */
const SILENCE_MS = 2_000;

/**
 * A fleet of many pushes, and what is done to it. Judged by the media at the targets: when it was there again, whether it went on, whether two
 * publishers of one push ever met.
 */
export class Scenario {
  readonly fleet: Fleet;
  readonly redis: TestRedis;
  readonly sink: RtmpSink;
  readonly names: readonly string[];
  readonly #directory: string;
  readonly #wires = new Map<WorkerProcess, FaultProxy>();
  readonly #drops: { readonly name: string; readonly at: number }[] = [];
  readonly #observations: Observation[] = [];

  private constructor(fleet: Fleet, sink: RtmpSink, names: readonly string[], directory: string) {
    this.fleet = fleet;
    this.redis = fleet.redis;
    this.sink = sink;
    this.names = names;
    this.#directory = directory;
  }

  /** Resolves when every push sends. */
  static async given({ workers, pushes }: Given): Promise<Scenario> {
    const directory = await mkdtemp(join(tmpdir(), 'pushfleet-scenario-'));
    const clip = join(directory, 'clip.mp4');
    await makeSmallClip(clip);
    const sink = await startRtmpSink();
    const names = Array.from({ length: pushes }, (_, n) => `push${n}`);
    // The name is the application too: the last segment of a target is a secret, and not shown.
    const target = (name: string) => `rtmp://127.0.0.1:${sink.port}/${name}/${name}`;
    const lines = names.map((name) => `  push ${target(name)} retry_timeout=${RETRY_TIMEOUT_MS / 1_000};`);
    const env = { PUSHFLEET_CLUSTER_KEY: 'scenario', LOG_LEVEL: 'info' };
    const redis = await startRedis({ persist: true });
    const fleet = await startFleet({ workers: 0, redis, env });
    const scenario = new Scenario(fleet, sink, names, directory);
    for (let count = 0; count < workers; count++) await scenario.addWorker();
    await fleet.writeConfig(`stream clip {\n  input file://${clip};\n${lines.join('\n')}\n}\n`);
    await scenario.settled();
    return scenario;
  }

  /** One more worker, with a wire of its own to Redis. */
  async addWorker(): Promise<WorkerProcess> {
    const wire = await startFaultProxy(this.redis.port);
    const url = this.redis.url.replace(`:${this.redis.port}`, `:${wire.port}`);
    const worker = await this.fleet.addWorker({ REDIS_URL: url });
    this.#wires.set(worker, wire);
    return worker;
  }

  /** Those that run, the one with the most pushes first. */
  async workersByLoad(): Promise<WorkerProcess[]> {
    const held = Map.groupBy(await this.fleet.api.pushes(), ({ worker }) => worker);
    const load = ({ id }: WorkerProcess) => held.get(id)?.length ?? 0;
    return this.fleet.workers.filter((worker) => worker.isRunning).toSorted((a, b) => load(b) - load(a));
  }

  /** How many pushes each of the workers that run holds, as their reports say: what `workers` of the API says of it is as old as their last beats. */
  async shares(): Promise<number[]> {
    const held = Map.groupBy(await this.fleet.api.pushes(), ({ worker }) => worker);
    return this.fleet.workers.filter(({ isRunning }) => isRunning).map(({ id }) => held.get(id)?.length ?? 0);
  }

  /** The id of each push. */
  async idsByName(): Promise<Map<string, string>> {
    return new Map((await this.fleet.api.pushes()).map((push) => [nameOf(push), push.id]));
  }

  /** What these workers send just now, as the targets see it. */
  async publicationsOf(...workers: readonly WorkerProcess[]): Promise<Publication[]> {
    const ids = new Set(workers.map(({ id }) => id));
    const held = (await this.fleet.api.pushes()).filter(({ worker }) => worker !== null && ids.has(worker));
    return held.flatMap((push) => this.sink.open(nameOf(push)));
  }

  /** Neither requests nor answers pass between this worker and Redis until `reconnect`; everything else reaches it. */
  cutOff(worker: WorkerProcess): void {
    this.#wires.get(worker)!.freeze();
  }

  reconnect(worker: WorkerProcess): void {
    this.#wires.get(worker)!.thaw();
  }

  /** The targets of some pushes close their connections: they have to be there again after their `retry_timeout`. */
  targetsDrop(names: readonly string[]): void {
    for (const name of names) {
      this.#drops.push({ name, at: performance.now() });
      this.sink.drop(name);
    }
  }

  /** Every push has had its session for so long that what happened before counts no more: too many lost workers in a row are an error of the push. */
  async healthy(): Promise<void> {
    await this.settled();
    const youngest = Math.max(...this.sink.open().map(({ publishedAt }) => publishedAt));
    await sleep(Math.max(0, youngest + HEALTHY_MS - performance.now()));
  }

  /** Strikes, waits until every push that was hit sends again, mends, and waits until all is as it should be. */
  async fault(name: string, { of = [], prepare, strike, lastsMs = 0, mend }: Fault): Promise<Observation> {
    await (IS_MEASURED ? this.healthy() : this.settled());
    const hit = (await this.publicationsOf(...of)).map((publication) => publication.name);
    const before = new Map(this.names.map((each) => [each, this.sink.open(each)[0]]));
    const dropsBefore = this.#drops.length;
    await prepare?.();
    const since = performance.now();
    await strike();
    const drops = () => this.#drops.slice(dropsBefore);
    const missing = () => [
      ...hit.filter((each) => this.#mediaAgainMs(each, since) === undefined),
      ...drops().filter((drop) => this.#mediaAgainMs(drop.name, drop.at) === undefined),
    ];
    // Too late is measured, not thrown: the figures say more.
    await until(() => missing().length === 0, { what: `${name}: media`, timeoutMs: RECOVERY_TIMEOUT_MS }).catch(
      () => {},
    );
    await sleep(Math.max(0, since + lastsMs - performance.now()));
    await mend?.();
    await this.settled();
    const excused = new Set([...hit, ...drops().map((drop) => drop.name)]);
    const observation: Observation = {
      name,
      recoveryMs: hit.map((each) => this.#mediaAgainMs(each, since) ?? Number.POSITIVE_INFINITY),
      retryMs: drops().map((drop) => this.#mediaAgainMs(drop.name, drop.at) ?? Number.POSITIVE_INFINITY),
      interrupted: this.names.filter((each) => !excused.has(each) && this.sink.open(each)[0] !== before.get(each)),
      doubled: { media: this.doubled('media', since), connection: this.doubled('connection', since) },
    };
    this.#observations.push(observation);
    return observation;
  }

  /** Names that had two publishers at a time since then. */
  doubled(by: 'media' | 'connection', since = 0): string[] {
    const pairs = this.sink.overlaps(by).filter(([, later]) => later.publishedAt >= since);
    return [...new Set(pairs.map(([{ name }]) => name))];
  }

  /** Every push runs, by the API and at its target, once. */
  async settled(timeoutMs = SETTLE_TIMEOUT_MS): Promise<void> {
    let pushes: PushView[] = [];
    const silent = () => {
      const now = performance.now();
      return this.names.filter((name) => {
        const open = this.sink.open(name);
        return open.length !== 1 || now - (open[0]!.lastMediaAt ?? 0) > SILENCE_MS;
      });
    };
    const states = () => {
      const groups = Object.groupBy(pushes, ({ status, reason, worker }) => `${status} ${reason} ${worker}`);
      return JSON.stringify(Object.fromEntries(Object.entries(groups).map(([state, its]) => [state, its?.length])));
    };
    await until(
      async () => {
        pushes = await this.fleet.api.pushes();
        return pushes.length === this.names.length && pushes.every(isRunning) && silent().length === 0;
      },
      { what: () => `every push to run: ${states()}; not sent once: ${silent()}`, timeoutMs },
    );
  }

  /** Prints what was measured. */
  report(): void {
    console.log(`\n${faultTable(this.#observations)}\n`);
  }

  async stop(): Promise<void> {
    this.redis.thaw();
    for (const wire of this.#wires.values()) wire.thaw();
    await this.fleet.stop();
    for (const wire of this.#wires.values()) await wire.stop();
    await this.redis.stop();
    await this.sink.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }

  /** From then to the first media of a publication that came later. */
  #mediaAgainMs(name: string, since: number): number | undefined {
    const next = this.sink.of(name).find((stay) => stay.publishedAt > since && stay.firstMediaAt !== undefined);
    return next && next.firstMediaAt! - since;
  }
}

/** Whatever the fault was: those that it did not hit went on, and no target had two publishers. */
export function expectOthersUntouched({ interrupted, doubled }: Observation): void {
  expect(interrupted).toEqual([]);
  expect(doubled.media).toEqual([]);
}

/** The application of the target. */
const nameOf = ({ url }: PushView): string => new URL(url).pathname.split('/')[1]!;

const isRunning = ({ status }: PushView): boolean => status === 'running';
