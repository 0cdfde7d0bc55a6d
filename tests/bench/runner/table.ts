import { type Bar, holds } from './benchmark.ts';

export type Cell = string | number | undefined;

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  /** Numbers are printed as they are: round them. Undefined is a figure that does not exist. */
  readonly rows: readonly (readonly Cell[])[];
}

/** Markdown with the columns in line, so that what is printed can go into a document as it is. */
export function formatTable({ title, columns, rows }: Table): string {
  const isNumeric = columns.map((_, column) => rows.some((row) => typeof row[column] === 'number'));
  const texts = [columns, ...rows].map((row) => row.map((cell) => (cell === undefined ? '–' : `${cell}`)));
  const widths = columns.map((_, column) => Math.max(3, ...texts.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const pad = (row: readonly string[]) =>
    row.map((cell, column) => (isNumeric[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)));
  const rule = widths.map((width, column) => (isNumeric[column] ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)));
  const [head = [], ...body] = texts;
  return [`### ${title}`, '', line(pad(head)), line(rule), ...body.map((row) => line(pad(row)))].join('\n');
}

export function barTable(bars: readonly Bar[]): Table {
  const limit = ({ atMost, atLeast }: Bar) => (atMost === undefined ? `≥ ${atLeast}` : `≤ ${atMost}`);
  return {
    title: 'Bars',
    columns: ['what', 'measured', 'bar', ''],
    rows: bars.map((bar) => [bar.what, bar.value, limit(bar), holds(bar) ? 'holds' : 'MISSED']),
  };
}
