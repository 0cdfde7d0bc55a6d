import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isRunning } from '../harness/process-table.ts';

const KEPT_RUNS = 5;

/** A folder of its own below `all` for this run. Of the runs that are over only the newest are kept; those that go on are left alone. */
export async function makeLogDirectory(all: string): Promise<string> {
  const run = join(all, `${new Date().toISOString().replaceAll(':', '-')}-${process.pid}`);
  await mkdir(run, { recursive: true });
  const over = (await readdir(all)).filter((name) => !isRunning(processOf(name))).sort(); // names begin with the time
  await Promise.all(over.slice(0, -KEPT_RUNS).map((old) => rm(join(all, old), { recursive: true, force: true })));
  return run;
}

const processOf = (run: string): number => Number(run.slice(run.lastIndexOf('-') + 1));
