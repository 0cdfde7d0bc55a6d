import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { inOurOrder, type PushColumn, pushColumns, pushRow, rowChanger } from './live.ts';

describe('the live feed', () => {
  const cells = pushColumns.map((column, i) => (column === 'row' ? 7 : i));

  it('turns cells into a row and puts changes into a new one', () => {
    const row = pushRow(cells);
    expect(Object.keys(row)).toEqual(pushColumns);
    const changed = rowChanger(['status', 'bitrate_bps'])(row, [7, 'retry', 5]);
    expect(changed).toEqual({ ...row, status: 'retry', bitrate_bps: 5 });
    expect(row.status).not.toBe('retry');
  });

  it('is understood when a scheduler of another version has other columns', () => {
    const columns = ['news' as PushColumn, ...pushColumns.toReversed()];
    expect(pushRow(inOurOrder(columns)(['new', ...cells.toReversed()]))).toEqual(pushRow(cells));
    const changed = rowChanger(['news' as PushColumn, 'status'])(pushRow(cells), [7, 'new', 'retry']);
    expect(changed).toEqual({ ...pushRow(cells), status: 'retry' });
  });

  it('names each column once', () => {
    expect(new Set(pushColumns).size).toBe(pushColumns.length);
  });

  it('can be part of a page: it imports types alone', () => {
    const source = readFileSync(new URL('./live.ts', import.meta.url), 'utf8');
    expect(source.match(/^import (?!type )|^export .* from /gm)).toBeNull();
  });
});
