import type { DesiredPush, PushCells, PushStatus, RowChange, RowChanges } from '@pushfleet/contract';
import type { PushFacts } from '../status/status-projection.ts';
import { columnIndex, columnsOf, differingColumns, pushCells } from './push-cells.ts';

interface Row {
  readonly number: number;
  facts: PushFacts;
  /** What the status owes to the workers, as text. */
  fleet: string;
  retries: number;
  cells: PushCells;
}

/** What an update needs to know of all pushes. */
export interface TableInput {
  readonly pushes: readonly DesiredPush[];
  readonly facts: (push: DesiredPush) => PushFacts;
  /** Another text when a worker has come, gone or changed in a way that a push's status depends on. */
  readonly fleet: string;
  /** Date.now() */
  readonly nowMs: number;
}

/** A status of these columns going up means that the counters have changed, or will within moments. */
const RETRY_COLUMNS = (1 << columnIndex.status) | (1 << columnIndex.attempt) | (1 << columnIndex.failures_in_a_row);

/** The rows of the live feed: keeps what clients have, and tells what has changed since. */
export class RowTable {
  readonly #rows = new Map<string, Row>();
  readonly #retries = new Map<string, number>();
  #nextNumber = 0;

  get cells(): PushCells[] {
    return [...this.#rows.values().map(({ cells }) => cells)];
  }

  /** The status of each push, with its stream. */
  *statuses(): Generator<{ readonly stream: string; readonly status: PushStatus }> {
    for (const { cells, facts } of this.#rows.values())
      yield { stream: facts.push.stream, status: cells[columnIndex.status] as PushStatus };
  }

  /** From the next update on. */
  setRetries(id: string, total: number): void {
    this.#retries.set(id, total);
  }

  /** Answers the changes, and the pushes whose counters are to be read again; undefined changes when there are none. */
  update({ pushes, facts: factsOf, fleet, nowMs }: TableInput): { changes: RowChanges | undefined; retried: string[] } {
    const added: PushCells[] = [];
    const byColumns = new Map<number, unknown[][]>();
    const retried: string[] = [];
    for (const push of pushes) {
      const facts = factsOf(push);
      const retries = this.#retries.get(push.id) ?? 0;
      const row = this.#rows.get(push.id);
      if (row === undefined) {
        const number = this.#nextNumber++;
        const cells = pushCells(facts, number, retries, nowMs);
        this.#rows.set(push.id, { number, facts, fleet, retries, cells });
        added.push(cells);
        retried.push(push.id);
        continue;
      }
      if (isSettled(row, facts, fleet) && row.retries === retries) continue;
      const cells = pushCells(facts, row.number, retries, nowMs);
      const bits = differingColumns(row.cells, cells);
      Object.assign(row, { facts, fleet, retries, cells });
      if (bits === 0) continue;
      if ((bits & RETRY_COLUMNS) !== 0) retried.push(push.id);
      const changed = columnsOf(bits).map((column) => cells[columnIndex[column]]);
      const list = byColumns.get(bits);
      if (list === undefined) byColumns.set(bits, [[row.number, ...changed]]);
      else list.push([row.number, ...changed]);
    }
    const removed = this.#rows.size > pushes.length ? this.#drop(new Set(pushes.map(({ id }) => id))) : [];
    const changed = [...byColumns].map(([bits, rows]): RowChange => ({ columns: columnsOf(bits), rows }));
    const isSame = added.length + changed.length + removed.length === 0;
    return { changes: isSame ? undefined : { removed, added, changed }, retried };
  }

  /** Forgets all but these; answers the numbers of those that were dropped. */
  #drop(kept: ReadonlySet<string>): number[] {
    const removed: number[] = [];
    for (const [id, { number }] of this.#rows) {
      if (kept.has(id)) continue;
      removed.push(number);
      this.#rows.delete(id);
      this.#retries.delete(id);
    }
    return removed;
  }
}

/** Nothing that the row was made from has changed. A retry that is overdue is pending at some time, with nothing changing but the clock. */
function isSettled(row: Row, { push, stream, report }: PushFacts, fleet: string): boolean {
  const { facts } = row;
  const isSame = facts.push === push && facts.stream === stream && facts.report === report && row.fleet === fleet;
  return isSame && row.cells[columnIndex.status] !== 'retry';
}
