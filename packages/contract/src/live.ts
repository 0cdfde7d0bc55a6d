import type { PushView, StreamView, WorkerView } from './api.ts';
import type { FleetEvent, PushStatus } from './status.ts';

/*
 * The live feed of the dashboard: `GET /api/v1/events?live=1`, server-sent events whose data is one JSON value each. This file is for browsers too:
 * it imports types only.
 *
 * The first message is a `snapshot`, unless the client resumes (Last-Event-ID, or `?since=` with the `id` of a message) and nothing is missing. A
 * snapshot may also come later: it always replaces everything that was known. After it, at most once a second and only when something has changed,
 * come `rows`, `streams` and `workers`; `fleet` comes every second, so that a client which hears nothing for some seconds knows that the line is dead.
 * `events` come within a tenth of a second. `GET /api/v1/live` answers the snapshot alone.
 */

/** One push in the feed. What it has in common with the API's view has the same name and meaning there. */
export interface PushRow
  extends Pick<
    PushView,
    | 'id'
    | 'stream'
    | 'protocol'
    | 'url'
    | 'status'
    | 'reason'
    | 'desired'
    | 'paused'
    | 'worker'
    | 'attempt'
    | 'failures_in_a_row'
    | 'retry_timeout'
    | 'retry_limit'
    | 'timeout'
    | 'next_retry_at'
    | 'opened_at'
    | 'connected_at'
    | 'bitrate_bps'
    | 'bytes'
    | 'lag_ms'
    | 'dropped_frames'
    | 'queue_bytes'
    | 'retries_total'
    | 'last_error'
    | 'origin'
    | 'pool'
    | 'labels'
    | 'comment'
    | 'revision'
  > {
  /** Number of the row in this feed, from 0: short, and holds until the next snapshot. */
  readonly row: number;
  /** Host and port of the target, without login. */
  readonly host: string;
}
export type PushColumn = keyof PushRow;

/** Order of the cells of a whole row. */
export const pushColumns = [
  'row',
  'id',
  'stream',
  'protocol',
  'host',
  'url',
  'status',
  'reason',
  'desired',
  'paused',
  'worker',
  'attempt',
  'failures_in_a_row',
  'retry_timeout',
  'retry_limit',
  'timeout',
  'next_retry_at',
  'opened_at',
  'connected_at',
  'bitrate_bps',
  'bytes',
  'lag_ms',
  'dropped_frames',
  'queue_bytes',
  'retries_total',
  'last_error',
  'origin',
  'pool',
  'labels',
  'comment',
  'revision',
] as const satisfies readonly PushColumn[];

/** A whole row: the values in the order of `pushColumns`. */
export type PushCells = readonly unknown[];

/** `event: rows`. To be applied in this order: removed, added, changed. */
export interface RowChanges {
  /** Numbers of the rows that are gone. */
  readonly removed: readonly number[];
  readonly added: readonly PushCells[];
  readonly changed: readonly RowChange[];
}
/** Rows that have changed in the same columns. */
export interface RowChange {
  readonly columns: readonly PushColumn[];
  /** Each one: number of the row, then the new values in the order of `columns`. */
  readonly rows: readonly (readonly unknown[])[];
}

/** A stream without its pushes. */
export type StreamRow = Omit<StreamView, 'pushes'>;

/** `event: streams`. */
export interface StreamChanges {
  readonly removed: readonly string[];
  /** New ones included, each as a whole. */
  readonly changed: readonly StreamRow[];
}

/** `event: workers`: all of them. */
export interface LiveWorkers {
  readonly workers: readonly WorkerView[];
  /** The names that shall hold nothing, those without a process included. */
  readonly drains: readonly { readonly worker: string; readonly by: string; readonly at: string }[];
}

/** `event: fleet`. */
export interface FleetSummary {
  /** RFC 3339, clock of the scheduler: what countdowns are counted against. */
  readonly at: string;
  readonly version: string;
  readonly pushes: Readonly<Record<PushStatus, number>>;
  readonly streams: Readonly<Record<StreamView['status'], number>>;
  /** `draining` includes those that are empty already; `total` includes the lost ones. */
  readonly workers: {
    readonly ready: number;
    readonly draining: number;
    readonly lost: number;
    readonly total: number;
  };
  /** Pushes held and places for pushes, of the workers that are ready. */
  readonly slots: { readonly held: number; readonly capacity: number };
  readonly egress_bps: number;
  /** `away`: Redis does not answer, everything is as of `as_of`. */
  readonly redis: { readonly away: boolean; readonly as_of: string | null };
  readonly config: {
    /** Where the configuration is kept. */
    readonly source: 'file' | 'api';
    /** Number of the last change of what people want. */
    readonly revision: number;
    /** Errors in the file as it is on disk now: while there are any, what was read before holds. */
    readonly errors: number;
  };
}

/** `event: events`: what has happened, oldest first. */
export interface LiveEvents {
  readonly events: readonly LiveEvent[];
}
/** `id` is the place in the fleet's stream of events. */
export type LiveEvent = FleetEvent & { readonly id: string };

/** `event: snapshot`, and the answer of `GET /api/v1/live`. */
export interface LiveSnapshot extends LiveWorkers {
  /** What `?since=` takes to go on from here. */
  readonly cursor: string;
  readonly columns: readonly PushColumn[];
  readonly pushes: readonly PushCells[];
  readonly streams: readonly StreamRow[];
  readonly fleet: FleetSummary;
}

/** Data of each kind of message. */
export interface LiveMessages {
  readonly snapshot: LiveSnapshot;
  readonly rows: RowChanges;
  readonly streams: StreamChanges;
  readonly workers: LiveWorkers;
  readonly fleet: FleetSummary;
  readonly events: LiveEvents;
}
export const liveMessages = [
  'snapshot',
  'rows',
  'streams',
  'workers',
  'fleet',
  'events',
] as const satisfies readonly (keyof LiveMessages)[];

/** Cells in the order of `columns` as cells in the order of `pushColumns`: a scheduler of another version may have another one. */
export function inOurOrder(columns: readonly PushColumn[]): (cells: PushCells) => PushCells {
  const places = pushColumns.map((column) => columns.indexOf(column));
  return places.every((place, i) => place === i) ? (cells) => cells : (cells) => places.map((place) => cells[place]);
}

/** The row that these cells are, in the order of `pushColumns`. Written out, as a browser makes ten thousand of such objects ten times as fast. */
export function pushRow(cells: PushCells): PushRow {
  const row: Record<PushColumn, unknown> = {
    row: cells[0],
    id: cells[1],
    stream: cells[2],
    protocol: cells[3],
    host: cells[4],
    url: cells[5],
    status: cells[6],
    reason: cells[7],
    desired: cells[8],
    paused: cells[9],
    worker: cells[10],
    attempt: cells[11],
    failures_in_a_row: cells[12],
    retry_timeout: cells[13],
    retry_limit: cells[14],
    timeout: cells[15],
    next_retry_at: cells[16],
    opened_at: cells[17],
    connected_at: cells[18],
    bitrate_bps: cells[19],
    bytes: cells[20],
    lag_ms: cells[21],
    dropped_frames: cells[22],
    queue_bytes: cells[23],
    retries_total: cells[24],
    last_error: cells[25],
    origin: cells[26],
    pool: cells[27],
    labels: cells[28],
    comment: cells[29],
    revision: cells[30],
  };
  return row as PushRow;
}

/** Makes new rows with the changed cells in them; `cells` as in `RowChange.rows`. Columns that this version does not know are left out. */
export function rowChanger(columns: readonly PushColumn[]): (row: PushRow, cells: readonly unknown[]) => PushRow {
  const known = columns.map((column) => pushColumns.includes(column));
  return (row, cells) => {
    const changed: Record<string, unknown> = { ...row };
    for (let i = 0; i < columns.length; i++) if (known[i]) changed[columns[i]!] = cells[i + 1];
    return changed as unknown as PushRow;
  };
}
