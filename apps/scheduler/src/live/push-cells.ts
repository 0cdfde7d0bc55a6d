import { type PushCells, type PushColumn, type PushView, pushColumns } from '@pushfleet/contract';
import { hostOfPush } from '../push/derived.ts';
import { type PushFacts, projectPush } from '../status/status-projection.ts';

/** Index of each column in a row. */
export const columnIndex = Object.fromEntries(pushColumns.map((column, i) => [column, i])) as Record<
  PushColumn,
  number
>;

/** A whole row of the live feed. `retriesTotal`: from the push's counters. Pure; `nowMs` is Date.now(). */
export function pushCells(facts: PushFacts, row: number, retriesTotal: number, nowMs: number): PushCells {
  const view = projectPush(facts, { retries_total: String(retriesTotal) }, nowMs);
  return pushColumns.map((column) => {
    if (column === 'row') return row;
    if (column === 'host') return hostOfPush(facts.push);
    return view[column satisfies keyof PushView];
  });
}

/** The columns in which two rows differ, as bits: the lowest one stands for the first column. */
export function differingColumns(before: PushCells, after: PushCells): number {
  let bits = 0;
  for (let i = 0; i < after.length; i++) if (!sameCell(before[i], after[i])) bits |= 1 << i;
  return bits;
}

export const columnsOf = (bits: number): PushColumn[] => pushColumns.filter((_, i) => (bits & (1 << i)) !== 0);

/** Structures are small, and made anew with each row. */
function sameCell(before: unknown, after: unknown): boolean {
  if (before === after) return true;
  if (typeof before !== 'object' || typeof after !== 'object' || before === null || after === null) return false;
  return JSON.stringify(before) === JSON.stringify(after);
}
