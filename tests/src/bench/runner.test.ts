import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exponent, median, percentile } from '../../bench/measure/statistics.ts';
import { formatTable } from '../../bench/runner/table.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'bench', 'main.ts');

const bench = (...args: string[]) =>
  new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [MAIN, ...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, stdout, stderr });
    });
  });

describe('npm run bench', () => {
  it('lists the benchmarks', async () => {
    const { code, stdout } = await bench('--help');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}scale {2,}\S/m);
  });

  it('tells the options of one', async () => {
    const { stdout } = await bench('scale', '--help');
    expect(stdout).toMatch(/--pushes\n.*\n.*default: 1000,5000,10000/);
  });

  it.each([
    { name: 'an unknown benchmark', args: ['scales'], says: 'There is no benchmark "scales".' },
    { name: 'an unknown option', args: ['scale', '--push', '1'], says: "Unknown option '--push'" },
    {
      name: 'a wrong number',
      args: ['scale', '--pushes', '10,x'],
      says: '--pushes is "10,x"; it must be whole numbers from 1 on, with commas between them.',
    },
    {
      name: 'a wrong choice',
      args: ['scale', '--status', 'dead'],
      says: '--status is "dead"; it must be one of waiting, running.',
    },
  ])('refuses $name and says what is right', async ({ args, says }) => {
    const { code, stderr } = await bench(...args);
    expect(stderr).toContain(says);
    expect(code).toBe(2);
  });
});

describe('statistics', () => {
  it('find the middle of an odd and of an even number of values', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(percentile([0, 10, 20], 0.75)).toBe(15);
  });

  it('find the power by which a figure grows', () => {
    const cube = [1, 2, 5, 10].map((x) => [x, 7 * x ** 3] as const);
    expect(exponent(cube)).toBeCloseTo(3, 10);
  });
});

describe('a table', () => {
  it('is Markdown with numbers to the right', () => {
    const rows = [
      ['one', 1],
      ['eleven', 11],
      ['none', undefined],
    ];
    expect(formatTable({ title: 'Counts', columns: ['what', 'n'], rows })).toBe(
      [
        '### Counts',
        '',
        '| what   |   n |',
        '| ------ | --: |',
        '| one    |   1 |',
        '| eleven |  11 |',
        '| none   |   – |',
      ].join('\n'),
    );
  });
});
