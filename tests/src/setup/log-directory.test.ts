import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeLogDirectory } from './log-directory.ts';

/** No process has such a number. */
const NOBODY = 2 ** 30;

describe('makeLogDirectory', () => {
  let all: string;
  beforeEach(async () => {
    all = await mkdtemp(join(tmpdir(), 'pushfleet-logs-'));
  });
  afterEach(() => rm(all, { recursive: true }));

  it('keeps the newest runs that are over, and all that go on beside this one', async () => {
    const over = [1, 2, 3, 4, 5, 6, 7].map((day) => `2026-01-0${day}T00-00-00.000Z-${NOBODY}`);
    const beside = `2025-01-01T00-00-00.000Z-${process.ppid}`;
    for (const name of [...over, beside]) await mkdir(join(all, name));
    const run = basename(await makeLogDirectory(all));
    expect(run).toMatch(new RegExp(`-${process.pid}$`));
    expect(new Set(await readdir(all))).toEqual(new Set([...over.slice(-5), beside, run]));
  });
});
