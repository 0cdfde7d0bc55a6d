import {
  type FleetSummary,
  inOurOrder,
  type LiveEvent,
  type LiveMessages,
  type LiveSnapshot,
  type LiveWorkers,
  type PushRow,
  pushColumns,
  pushRow,
  type RowChanges,
  rowChanger,
  type StreamChanges,
  type StreamRow,
} from '@pushfleet/contract/live';
import { MetricHistory } from './metric-history.ts';
import { Topics } from './topics.ts';

/** How the line to the scheduler is. `offline`: what is shown is old. */
export type Connection =
  | { readonly state: 'connecting' }
  | { readonly state: 'live' }
  | { readonly state: 'offline'; readonly sinceMs: number }
  | { readonly state: 'refused' };

/** Events kept in the page. */
const MAX_EVENTS = 2_000;
/** Seconds of egress in the header's sparkline. */
const EGRESS_LENGTH = 120;

const noPushes: readonly PushRow[] = [];

/**
 * Everything the page knows of the fleet. One instance; written by the live connection alone, read by React through `subscribe`.
 * Rows are replaced, never changed, so that `Object.is` tells whether to render.
 */
export class LiveStore {
  readonly topics = new Topics();
  readonly metrics = new MetricHistory();
  #rows = new Map<string, PushRow>();
  /** By `PushRow.row`. */
  #idsByNumber: (string | undefined)[] = [];
  #streams = new Map<string, StreamRow>();
  /** Cells as the scheduler sends them. */
  #inOrder = inOurOrder(pushColumns);
  /** Ids of the pushes of a stream, in the order of their creation. */
  #pushesOfStream = new Map<string, Set<string>>();
  /** Rebuilt on demand: the arrays stay the same object until one of their rows has changed. */
  #streamPushes = new Map<string, readonly PushRow[]>();
  #workers: LiveWorkers = { workers: [], drains: [] };
  #fleet: FleetSummary | undefined;
  #events: readonly LiveEvent[] = [];
  #egress: readonly number[] = [];
  #connection: Connection = { state: 'connecting' };
  /** Scheduler's clock minus the browser's. */
  #clockOffsetMs = 0;
  /** Goes up with every change of rows; what lists are computed from. */
  #rowsVersion = 0;
  #streamsVersion = 0;

  get rows(): ReadonlyMap<string, PushRow> {
    return this.#rows;
  }
  get rowsVersion(): number {
    return this.#rowsVersion;
  }
  get streams(): ReadonlyMap<string, StreamRow> {
    return this.#streams;
  }
  get streamsVersion(): number {
    return this.#streamsVersion;
  }
  get workers(): LiveWorkers {
    return this.#workers;
  }
  /** Undefined until the first snapshot. */
  get fleet(): FleetSummary | undefined {
    return this.#fleet;
  }
  /** Newest first. */
  get events(): readonly LiveEvent[] {
    return this.#events;
  }
  /** Bits per second, one value a second, oldest first. */
  get egress(): readonly number[] {
    return this.#egress;
  }
  get connection(): Connection {
    return this.#connection;
  }
  get clockOffsetMs(): number {
    return this.#clockOffsetMs;
  }

  pushesOf(stream: string): readonly PushRow[] {
    const known = this.#streamPushes.get(stream);
    if (known !== undefined) return known;
    const ids = this.#pushesOfStream.get(stream);
    if (ids === undefined) return noPushes;
    const rows = [...ids].map((id) => this.#rows.get(id)!);
    this.#streamPushes.set(stream, rows);
    return rows;
  }

  setConnection(connection: Connection): void {
    this.#connection = connection;
    this.topics.touch('connection');
    this.topics.notify();
  }

  /** Takes the messages of one animation frame in and then tells each subscriber once. */
  apply(
    messages: readonly { [Kind in keyof LiveMessages]: readonly [Kind, LiveMessages[Kind]] }[keyof LiveMessages][],
  ) {
    for (const [kind, data] of messages) {
      if (kind === 'snapshot') this.#takeSnapshot(data);
      else if (kind === 'rows') this.#takeRows(data);
      else if (kind === 'streams') this.#takeStreams(data);
      else if (kind === 'workers') this.#takeWorkers(data);
      else if (kind === 'fleet') this.#takeFleet(data);
      else this.#takeEvents(data.events);
    }
    this.topics.notify();
  }

  #takeSnapshot(snapshot: LiveSnapshot): void {
    const before = this.#rows;
    this.#rows = new Map();
    this.#idsByNumber = [];
    this.#pushesOfStream.clear();
    this.#streamPushes.clear();
    this.#inOrder = inOurOrder(snapshot.columns);
    for (const cells of snapshot.pushes) this.#add(pushRow(this.#inOrder(cells)));
    for (const id of before.keys()) if (!this.#rows.has(id)) this.metrics.forget(id);
    this.#streams = new Map(snapshot.streams.map((stream) => [stream.name, stream]));
    this.#rowsVersion++;
    this.#streamsVersion++;
    this.topics.touchAll();
    this.#workers = { workers: snapshot.workers, drains: snapshot.drains };
    this.#takeFleet(snapshot.fleet);
  }

  #takeRows({ removed, added, changed }: RowChanges): void {
    for (const number of removed) this.#remove(number);
    for (const cells of added) this.#add(pushRow(this.#inOrder(cells)));
    for (const { columns, rows } of changed) {
      const change = rowChanger(columns);
      for (const cells of rows) {
        const id = this.#idsByNumber[cells[0] as number];
        if (id === undefined) continue;
        const row = change(this.#rows.get(id)!, cells);
        this.#rows.set(id, row);
        this.#touchRow(row);
      }
    }
    this.#rowsVersion++;
    this.topics.touch('rows');
  }

  #add(row: PushRow): void {
    this.#rows.set(row.id, row);
    this.#idsByNumber[row.row] = row.id;
    const ids = this.#pushesOfStream.get(row.stream);
    if (ids === undefined) this.#pushesOfStream.set(row.stream, new Set([row.id]));
    else ids.add(row.id);
    this.#touchRow(row);
  }

  #remove(number: number): void {
    const id = this.#idsByNumber[number];
    const row = id === undefined ? undefined : this.#rows.get(id);
    if (row === undefined) return;
    this.#idsByNumber[number] = undefined;
    this.#rows.delete(row.id);
    this.#pushesOfStream.get(row.stream)?.delete(row.id);
    this.metrics.forget(row.id);
    this.#touchRow(row);
  }

  #touchRow({ id, stream }: PushRow): void {
    this.#streamPushes.delete(stream);
    this.topics.touchRow(id);
    this.topics.touchStream(stream);
  }

  #takeStreams({ removed, changed }: StreamChanges): void {
    for (const name of removed) {
      this.#streams.delete(name);
      this.topics.touchStream(name);
    }
    for (const stream of changed) {
      this.#streams.set(stream.name, stream);
      this.topics.touchStream(stream.name);
    }
    this.#streamsVersion++;
    this.topics.touch('streams');
  }

  #takeWorkers(workers: LiveWorkers): void {
    this.#workers = workers;
    this.topics.touch('workers');
  }

  #takeFleet(fleet: FleetSummary): void {
    this.#fleet = fleet;
    this.#clockOffsetMs = Date.parse(fleet.at) - Date.now();
    this.#egress = [...this.#egress.slice(1 - EGRESS_LENGTH), fleet.egress_bps];
    this.metrics.sample(Date.parse(fleet.at), this.#rows);
    this.topics.touch('fleet');
  }

  #takeEvents(events: readonly LiveEvent[]): void {
    this.#events = [...events.toReversed(), ...this.#events].slice(0, MAX_EVENTS);
    this.topics.touch('events');
  }
}

/** The state of the fleet in this page. */
export const liveStore = new LiveStore();
