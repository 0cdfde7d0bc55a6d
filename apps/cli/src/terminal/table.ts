import { renderLine, type Span } from './line.ts';
import type { Paint, Style } from './style.ts';
import { displayWidth, fit, printable } from './width.ts';

/** Plain text with the style that the whole cell wears; text of the API is made printable here. */
export interface Cell {
  readonly text: string;
  readonly style?: Style;
}

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => Cell | string;
  readonly align?: 'left' | 'right';
  /** The column may shrink down to this many cells; without it, it keeps the width of its content. */
  readonly minWidth?: number;
  /** When shrinking is not enough, columns go in descending order of this number; without it, a column stays. */
  readonly expendable?: number;
}

interface Sized<Row> {
  readonly column: Column<Row>;
  readonly cells: readonly Cell[];
  width: number;
}

const GAP = '  ';
const INDENT = '  ';

const toCell = (cell: Cell | string): Cell =>
  typeof cell === 'string' ? { text: printable(cell) } : { ...cell, text: printable(cell.text) };

const totalWidth = (sized: readonly Sized<never>[]): number =>
  INDENT.length + sized.reduce((sum, { width }) => sum + width + GAP.length, -GAP.length);

/** Shrinks the widest shrinkable columns first, so that the loss is shared; false when the table still does not fit. */
function shrink<Row>(sized: readonly Sized<Row>[], width: number): boolean {
  for (let excess = totalWidth(sized) - width; excess > 0; excess -= 1) {
    const shrinkable = sized.filter(({ column, width: now }) => now > (column.minWidth ?? now));
    const widest = shrinkable.toSorted((a, b) => b.width - a.width)[0];
    if (widest === undefined) return false;
    widest.width -= 1;
  }
  return true;
}

/** Columns that have nothing to show are left out; then columns shrink and go until the rest fits. */
function layOut<Row>(columns: readonly Column<Row>[], rows: readonly Row[], width: number): Sized<Row>[] {
  const natural = columns
    .map((column) => ({ column, cells: rows.map((row) => toCell(column.cell(row))) }))
    .filter(({ cells }) => cells.some(({ text }) => text !== ''))
    .map(({ column, cells }): Sized<Row> => {
      const widths = cells.map(({ text }) => displayWidth(text));
      return { column, cells, width: widths.reduce((a, b) => Math.max(a, b), displayWidth(column.title)) };
    });
  for (let kept = natural; ; ) {
    const attempt = kept.map((sized) => ({ ...sized }));
    if (shrink(attempt, width)) return attempt;
    const [next] = kept
      .filter(({ column }) => column.expendable !== undefined)
      .toSorted((a, b) => (b.column.expendable ?? 0) - (a.column.expendable ?? 0));
    if (next === undefined) return attempt;
    kept = kept.filter((sized) => sized !== next);
  }
}

/** Lines of a table, the titles first, none wider than `width` cells. */
export function renderTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  options: { readonly width: number; readonly paint: Paint },
): string[] {
  if (rows.length === 0) return [];
  const sized = layOut(columns, rows, options.width);
  const line = (cellOf: (column: Sized<Row>) => Cell): string => {
    const spans = sized.map((column, i): Span[] => {
      const { text, style = 'plain' } = cellOf(column);
      const fitted = fit(text, column.width, column.column.align);
      const isLast = i === sized.length - 1;
      return [
        ['plain', i === 0 ? INDENT : GAP],
        [style, isLast ? fitted.trimEnd() : fitted],
      ];
    });
    return renderLine(spans.flat(), options).trimEnd();
  };
  return [
    line(({ column }) => ({ text: column.title, style: 'dim' })),
    ...rows.map((_, i) => line(({ cells }) => cells[i]!)),
  ];
}
