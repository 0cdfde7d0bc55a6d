import type { FleetSummary, Keys, LiveSnapshot, LiveWorkers } from '@pushfleet/contract';
import { pushColumns } from '@pushfleet/contract';
import type { Redis } from 'ioredis';
import type { NumberedEvent } from '../events/event-log.ts';
import type { EventTail } from '../events/event-tail.ts';
import { workerViews } from '../fleet/fleet-member.ts';
import type { DesiredCache } from '../push/desired-cache.ts';
import type { PushIndex } from '../push/push-index.ts';
import { chunksOf } from '../redis/chunks.ts';
import type { RedisContact } from '../redis/redis-contact.ts';
import { repliesOf } from '../redis/replies.ts';
import { isRedisUnavailable } from '../redis/unavailable.ts';
import type { StatusReader, StatusSnapshot } from '../status/status-reader.ts';
import { fleetSummary } from './fleet-summary.ts';
import { encode, LiveLog } from './live-log.ts';
import { RowTable } from './row-table.ts';
import { StreamTable } from './stream-table.ts';

export interface LiveViewDeps {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly cache: DesiredCache;
  readonly index: PushIndex;
  readonly status: StatusReader;
  readonly tail: EventTail;
  readonly contact: RedisContact;
  readonly version: string;
  readonly config: () => Omit<FleetSummary['config'], 'revision'>;
  /** Something failed in a way that nobody foresaw; the view goes on. */
  readonly failed: (error: unknown) => void;
}

const TICK_MS = 1_000;
/** Events wait this long for others to go with. */
const GATHER_MS = 100;
/** The counters of a push are written some time after its report: they are read until then, this many ticks. */
const COUNTER_TICKS = 7;

/** The state that all clients of the feed share, and the messages that led to it. */
export class LiveView {
  readonly log: LiveLog;
  readonly #deps: LiveViewDeps;
  readonly #send: (bytes: Buffer) => void;
  readonly #rows = new RowTable();
  readonly #streams = new StreamTable();
  /** Ticks that are left to read the counters of a push. */
  readonly #recount = new Map<string, number>();
  #looks = 0;
  #workers: LiveWorkers = { workers: [], drains: [] };
  #workersText = '';
  #fleet: FleetSummary | undefined;
  #snapshot: { readonly cursor: string; readonly json: string } | undefined;
  #events: NumberedEvent[] = [];
  #gathering: NodeJS.Timeout | undefined;
  #timer: NodeJS.Timeout | undefined;
  #unsubscribe = () => {};
  #isStopped = false;

  /** `send` hears of each message. */
  constructor(deps: LiveViewDeps, send: (bytes: Buffer) => void) {
    this.#deps = deps;
    this.#send = send;
    this.log = new LiveLog(deps.tail.position);
    this.#unsubscribe = deps.tail.subscribe((event) => this.#gather(event));
  }

  /** `looked` is called after each look. */
  start(looked: () => void): void {
    const startedAt = performance.now();
    const next = (): void => {
      if (this.#isStopped) return;
      // On the beat: a slow look takes from the pause after it.
      const pauseMs = TICK_MS - ((performance.now() - startedAt) % TICK_MS);
      this.#timer = setTimeout(async () => {
        await this.look().catch(this.#deps.failed);
        looked();
        next();
      }, pauseMs);
    };
    next();
  }

  stop(): void {
    this.#isStopped = true;
    this.#unsubscribe();
    clearTimeout(this.#timer);
    clearTimeout(this.#gathering);
  }

  /** Looks at everything and tells what has changed. Rejects with `redis_unavailable` only when Redis was never reached. */
  async look(): Promise<void> {
    const { cache, index, status } = this.#deps;
    const snapshot = await status.snapshot();
    await this.#readCounters();
    // From here to the end in one go: a client that joins finds all of a look, or none of it.
    const pushes = index.all;
    const { changes, retried } = this.#rows.update({
      pushes,
      facts: (push) => status.facts(push, snapshot),
      fleet: snapshot.members.map(({ name, state, pool, fullCause }) => [name, state, pool, fullCause]).join(),
      nowMs: Date.now(),
    });
    this.#recountLater(retried);
    const statuses = [...this.#rows.statuses()];
    const sent = new Set(statuses.filter((row) => row.status === 'running').map(({ stream }) => stream));
    const streams = this.#streams.update(cache.streams.values(), snapshot.live, (name) => sent.has(name));
    const isNew = this.#fleet === undefined;
    if (changes !== undefined && !isNew) this.#tell('rows', changes);
    if (streams !== undefined && !isNew) this.#tell('streams', streams);
    this.#lookAtWorkers(snapshot, isNew);
    this.#fleet = this.#summary(snapshot, statuses);
    if (!isNew) this.#tell('fleet', this.#fleet);
  }

  /** JSON of a LiveSnapshot as of the last look. */
  snapshotJson(): string {
    if (this.#snapshot?.cursor === this.log.cursor) return this.#snapshot.json;
    const snapshot: LiveSnapshot = {
      cursor: this.log.cursor,
      columns: pushColumns,
      pushes: this.#rows.cells,
      streams: this.#streams.rows,
      ...this.#workers,
      fleet: this.#fleet!,
    };
    this.#snapshot = { cursor: this.log.cursor, json: JSON.stringify(snapshot) };
    return this.#snapshot.json;
  }

  snapshotMessage(): Buffer {
    return encode('snapshot', this.snapshotJson(), this.log.cursor);
  }

  /** Events that happened before those of the feed, for one client alone. */
  pastEvents(events: readonly NumberedEvent[]): Buffer {
    return encode('events', JSON.stringify(liveEvents(events)), this.log.cursor);
  }

  #lookAtWorkers({ members, live }: StatusSnapshot, isNew: boolean): void {
    const { drains } = this.#deps.cache;
    this.#workers = {
      workers: workerViews(members, live, drains),
      drains: [...drains].map(([worker, drain]) => ({ worker, ...drain })),
    };
    // The age of a beat alone is no news.
    const text = JSON.stringify(this.#workers, (key, value) => (key === 'beat_age_ms' ? undefined : value));
    if (text === this.#workersText) return;
    this.#workersText = text;
    if (!isNew) this.#tell('workers', this.#workers);
  }

  #summary({ members, stale }: StatusSnapshot, statuses: Parameters<typeof fleetSummary>[0]['statuses']): FleetSummary {
    const { cache, contact, version, config } = this.#deps;
    const input = {
      statuses,
      streams: this.#streams.rows,
      members,
      isDrained: (worker: string) => cache.drains.has(worker),
      version,
      redis: { away: stale || contact.isAway, as_of: contact.asOf },
      config: { ...config(), revision: cache.revision },
    };
    return fleetSummary(input, new Date().toISOString());
  }

  #tell(...message: Parameters<LiveLog['append']>): void {
    this.#send(this.log.append(...message));
  }

  #gather(event: NumberedEvent): void {
    this.#events.push(event);
    this.#gathering ??= setTimeout(() => {
      this.#gathering = undefined;
      const events = this.#events;
      this.#events = [];
      this.#tell('events', liveEvents(events), events.at(-1)!.id);
    }, GATHER_MS);
  }

  /** Those that have changed are read with every look for a while. At the begin that would be all pushes: they are read with the next look, and once more. */
  #recountLater(retried: readonly string[]): void {
    this.#looks++;
    const ticks = this.#looks === 1 ? 1 : COUNTER_TICKS;
    for (const id of retried) this.#recount.set(id, ticks);
    if (this.#looks !== COUNTER_TICKS) return;
    for (const { id } of this.#deps.index.all) if (!this.#recount.has(id)) this.#recount.set(id, 1);
  }

  /** Reads `retries_total` of those that have just failed. What cannot be read now is read with the next look. */
  async #readCounters(): Promise<void> {
    const { redis, keys } = this.#deps;
    try {
      for (const ids of chunksOf([...this.#recount.keys()])) {
        const pipeline = redis.pipeline();
        for (const id of ids) pipeline.hget(keys.counters(id), 'retries_total');
        const totals = (await repliesOf(pipeline)) as (string | null)[];
        for (const [i, id] of ids.entries()) {
          this.#rows.setRetries(id, Number(totals[i] ?? 0));
          const left = this.#recount.get(id)! - 1;
          if (left > 0) this.#recount.set(id, left);
          else this.#recount.delete(id);
        }
      }
    } catch (error) {
      if (!isRedisUnavailable(error)) throw error;
    }
  }
}

const liveEvents = (events: readonly NumberedEvent[]) => ({
  events: events.map(({ id, event }) => ({ id, ...event })),
});
