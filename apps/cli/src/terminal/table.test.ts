import { describe, expect, it } from 'vitest';
import { noPaint, type Paint } from './style.ts';
import { type Column, renderTable } from './table.ts';
import { displayWidth } from './width.ts';

interface Row {
  readonly name: string;
  readonly size: number;
  readonly note: string;
}

const columns: Column<Row>[] = [
  { title: 'NAME', cell: ({ name }) => name, minWidth: 6 },
  { title: 'SIZE', cell: ({ size }) => String(size), align: 'right' },
  { title: 'NOTE', cell: ({ note }) => note, minWidth: 5, expendable: 1 },
];
const rows: Row[] = [
  { name: 'cam', size: 7, note: 'short' },
  { name: 'カメラ一号', size: 12345, note: 'a rather long note about this row' },
];
const table = (width: number, paint: Paint = noPaint, of = rows): string[] =>
  renderTable(columns, of, { width, paint });

describe('renderTable', () => {
  it('lines the columns up, wide characters included', () => {
    expect(table(80)).toEqual([
      '  NAME         SIZE  NOTE',
      '  cam             7  short',
      '  カメラ一号  12345  a rather long note about this row',
    ]);
  });

  it('fits any width down to the least widths of the columns that stay', () => {
    for (let width = 16; width <= 80; width++) {
      for (const line of table(width)) expect(displayWidth(line)).toBeLessThanOrEqual(width);
    }
  });

  it('shrinks the widest column first', () => {
    expect(table(32)[2]).toBe('  カメラ一号  12345  a rather l…');
  });

  it('drops expendable columns when shrinking is not enough', () => {
    expect(table(18)[0]).not.toContain('NOTE');
    expect(table(18)[0]).toContain('SIZE');
  });

  it('leaves out a column with nothing in it', () => {
    expect(table(80, noPaint, [{ name: 'a', size: 1, note: '' }])).toEqual(['  NAME  SIZE', '  a        1']);
  });

  it('is not put out of line by colours, nor by control characters in the data', () => {
    const paint: Paint = (style, text) => (style === 'plain' ? text : `<${style}>${text}</>`);
    const painted = renderTable(
      [
        { title: 'A', cell: (text: string) => ({ text, style: 'bad' }) },
        { title: 'B', cell: () => 'b' },
      ],
      ['x\x1b[31m', 'longer than x'],
      { width: 80, paint },
    );
    expect(painted[1]).toBe('  <bad>x [31m       </>  b');
    expect(painted[2]).toBe('  <bad>longer than x</>  b');
  });

  it('is nothing without rows', () => expect(table(80, noPaint, [])).toEqual([]));
});
