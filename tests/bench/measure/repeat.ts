import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** Share of all cores above which other work on the machine would show in the figures. */
const BUSY = 0.1;

/**
 * Measures each case once, then each a second time, and so on: what changes on the machine meanwhile meets all of them alike. Before each
 * run it waits, with some patience, until the machine has nothing else to do.
 */
export async function repeatInterleaved<Case, Run>(
  cases: readonly Case[],
  { repetitions, patienceSeconds }: { readonly repetitions: number; readonly patienceSeconds: number },
  measure: (one: Case) => Promise<Run>,
): Promise<Map<Case, Run[]>> {
  const runs = new Map<Case, Run[]>(cases.map((one) => [one, []]));
  for (let repetition = 0; repetition < repetitions; repetition++) {
    for (const one of cases) {
      await untilIdle(patienceSeconds);
      runs.get(one)!.push(await measure(one));
    }
  }
  return runs;
}

async function untilIdle(patienceSeconds: number): Promise<void> {
  const deadline = Date.now() + patienceSeconds * 1_000;
  while (Date.now() < deadline && (await busyShare()) > BUSY);
}

async function busyShare(): Promise<number> {
  const read = () =>
    cpus().map(({ times }) => ({ idle: times.idle, all: Object.values(times).reduce((a, b) => a + b, 0) }));
  const before = read();
  await sleep(500);
  const spent = read().map(({ idle, all }, core) => ({
    idle: idle - before[core]!.idle,
    all: all - before[core]!.all,
  }));
  const sum = (of: 'idle' | 'all') => spent.reduce((total, core) => total + core[of], 0);
  return 1 - sum('idle') / Math.max(1, sum('all'));
}
