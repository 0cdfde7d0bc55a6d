import { setTimeout as sleep } from 'node:timers/promises';
import { startRtmpSink } from '../src/harness/rtmp-sink.ts';
import { BenchFleet, cpuPercent, elapsedS, type Reading } from './bench-fleet.ts';
import { exponent, round } from './measure/statistics.ts';
import { defineBenchmark } from './runner/benchmark.ts';
import { integer, integers, oneOf } from './runner/option.ts';
import { tinyInput, tinyStreams } from './tiny-streams.ts';

/** What the begin of the pushes has stirred up is over after this. */
const SETTLE_MS = 10_000;

interface Row {
  readonly pushes: number;
  /** Beyond what an empty fleet needs. */
  readonly redisKbPerPush: number;
  readonly commandsPerSecond: number;
  readonly reconcileMs: number;
  /** Percent of one core. */
  readonly redisCpu: number;
  readonly schedulerCpu: number;
  readonly workersCpu: number;
  /** Per second, the most frequent first. */
  readonly commands: Readonly<Record<string, number>>;
}

/** Columns whose growth is told. */
const figures = ['commandsPerSecond', 'reconcileMs', 'redisCpu', 'schedulerCpu', 'workersCpu'] as const;

export const scale = defineBenchmark({
  name: 'scale',
  summary: 'what it costs to hold pushes, by their number: Redis, scheduler and workers while nothing changes',
  options: {
    pushes: integers([1_000, 5_000, 10_000], 'How many, one run for each number.'),
    seconds: integer(20, 'Length of a run.'),
    workers: integer(2, 'Worker processes.'),
    status: oneOf(
      ['waiting', 'running'],
      'waiting',
      'waiting: their sources are not live, so each is a job, a lock and a report. running: each sends one tiny picture a second to a sink in this process.',
    ),
  },
  async run({ pushes, seconds, workers, status }) {
    const input = status === 'running' ? tinyInput() : 'publish://';
    const sink = await startRtmpSink();
    const fleet = await BenchFleet.start(workers);
    const rows: Row[] = [];
    try {
      const empty = await fleet.read();
      for (const count of pushes) {
        await fleet.configure(tinyStreams({ pushes: count, input, target: sink.url }));
        await fleet.untilHeld(count, status);
        await sleep(SETTLE_MS);
        const before = await fleet.read();
        await sleep(seconds * 1_000);
        rows.push(rowOf(count, empty, before, await fleet.read()));
      }
    } finally {
      await fleet.stop();
      await sink.stop();
    }
    const growth = (figure: (typeof figures)[number]) =>
      round(exponent(rows.map((row) => [row.pushes, row[figure]] as const)), 2);
    return {
      tables: [
        {
          title: `${pushes.join(', ')} pushes that are ${status}, ${workers} workers`,
          columns: [
            'pushes',
            'Redis kB a push',
            'commands/s',
            'round ms',
            'Redis CPU %',
            'scheduler CPU %',
            'workers CPU %',
          ],
          rows: rows.map(({ commands, ...row }) => Object.values(row)),
        },
        {
          title: 'Each grows with the number of pushes to the power of',
          columns: ['figure', 'exponent'],
          rows: rows.length < 2 ? [] : figures.map((figure) => [figure, growth(figure)]),
        },
      ],
      data: { rows },
    };
  },
});

function rowOf(pushes: number, empty: Reading, before: Reading, after: Reading): Row {
  const calls = [...after.commands].map(([name, count]): [string, number] => [
    name,
    round((count - (before.commands.get(name) ?? 0)) / elapsedS(before, after), 1),
  ]);
  const cpu = cpuPercent(before, after);
  const rounds = after.reconcile.rounds - before.reconcile.rounds;
  return {
    pushes,
    redisKbPerPush: round((after.redisBytes - empty.redisBytes) / 1_000 / pushes, 2),
    commandsPerSecond: round(
      calls.reduce((sum, [, rate]) => sum + rate, 0),
      0,
    ),
    reconcileMs: round((1_000 * (after.reconcile.seconds - before.reconcile.seconds)) / rounds, 1),
    redisCpu: round(cpu.redis, 1),
    schedulerCpu: round(cpu.scheduler, 1),
    workersCpu: round(cpu.workers, 1),
    commands: Object.fromEntries(calls.filter(([, rate]) => rate >= 1).toSorted(([, a], [, b]) => b - a)),
  };
}
