import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../src/harness/ports.ts';
import { until } from '../src/harness/until.ts';
import { BenchFleet, cpuPercent, elapsedS } from './bench-fleet.ts';
import { round } from './measure/statistics.ts';
import { defineBenchmark } from './runner/benchmark.ts';
import { integer, someOf } from './runner/option.ts';
import { tinyStreams } from './tiny-streams.ts';

const PATIENCE_MS = 120_000;
/** The first attempts come all at once; what follows is steady. */
const SETTLE_MS = 15_000;

const cases = {
  'one host':
    'all targets are on one host, which is known to be down after a few attempts and then probed once a second',
  'many hosts': 'each target is on a host of its own, and each attempt dials it',
} as const;
type Case = keyof typeof cases;

interface Run {
  readonly case: Case;
  readonly attemptsPerS: number;
  readonly dialledPerS: number;
  /** Percent of one core. */
  readonly cpu: { readonly redis: number; readonly scheduler: number; readonly workers: number };
  readonly commandsPerAttempt: number;
}

export const storm = defineBenchmark({
  name: 'storm',
  summary: 'what it costs when nobody takes what is pushed: attempts that fail, again and again',
  options: {
    pushes: integer(5_000, 'To targets that refuse the connection.'),
    retry: integer(5, 'retry_timeout in seconds.'),
    workers: integer(2, 'Worker processes.'),
    seconds: integer(30, 'Length of a run.'),
    cases: someOf(
      Object.keys(cases) as Case[],
      Object.keys(cases) as Case[],
      Object.entries(cases)
        .map(([name, doc]) => `${name}: ${doc}.`)
        .join(' '),
    ),
  },
  network: 'private',
  async run({ pushes, retry, workers, seconds, cases: chosen }) {
    const runs: Run[] = [];
    for (const one of chosen) runs.push(await measure(one, { pushes, retry, workers, seconds }));
    const due = pushes / retry;
    return {
      tables: [
        {
          title: `${pushes} pushes that fail, retry_timeout ${retry} s, ${workers} workers; CPU in percent of one core`,
          columns: [
            'targets',
            'attempts/s',
            'dialled/s',
            'Redis',
            'scheduler',
            'workers',
            'commands an attempt',
            'CPU ms an attempt',
          ],
          rows: runs.map(({ case: name, attemptsPerS, dialledPerS, cpu, commandsPerAttempt }) => [
            name,
            attemptsPerS,
            dialledPerS,
            cpu.redis,
            cpu.scheduler,
            cpu.workers,
            commandsPerAttempt,
            round((10 * (cpu.redis + cpu.scheduler + cpu.workers)) / attemptsPerS, 2),
          ]),
        },
      ],
      bars: runs.map((run) => ({
        what: `attempts of those that are due, ${run.case}`,
        value: round(run.attemptsPerS / due, 2),
        atLeast: 0.8,
      })),
      data: { runs },
    };
  },
});

async function measure(
  one: Case,
  { pushes, retry, workers, seconds }: { pushes: number; retry: number; workers: number; seconds: number },
): Promise<Run> {
  const fleet = await BenchFleet.start(workers, { PUSHFLEET_CONNECTS_PER_HOST: '200' });
  try {
    const port = await freePort();
    // Every address of 127.0.0.0/8 leads here, and nobody listens at any of them.
    const host = (n: number) => (one === 'one host' ? '127.0.0.1' : `127.1.${n >> 8}.${n & 255}`);
    const target = (n: number) => `rtmp://${host(n)}:${port}/live`;
    await fleet.configure(tinyStreams({ pushes, target, options: `retry_timeout=${retry}` }));
    const attempts = async () => (await fleet.attempts()).all;
    await until(async () => (await attempts()) >= pushes, {
      what: 'a first attempt of each',
      timeoutMs: PATIENCE_MS,
      everyMs: 250,
    });
    await sleep(SETTLE_MS);
    const [before, attemptsBefore] = [await fleet.read(), await fleet.attempts()];
    await sleep(seconds * 1_000);
    const [after, attemptsAfter] = [await fleet.read(), await fleet.attempts()];
    const elapsed = elapsedS(before, after);
    const made = attemptsAfter.all - attemptsBefore.all;
    const cpu = cpuPercent(before, after);
    return {
      case: one,
      attemptsPerS: round(made / elapsed, 0),
      dialledPerS: round((attemptsAfter.dialled - attemptsBefore.dialled) / elapsed, 0),
      cpu: { redis: round(cpu.redis, 1), scheduler: round(cpu.scheduler, 1), workers: round(cpu.workers, 1) },
      commandsPerAttempt: round((after.calls - before.calls) / made, 1),
    };
  } finally {
    await fleet.stop();
  }
}
