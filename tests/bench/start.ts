import { setTimeout as sleep } from 'node:timers/promises';
import { BenchFleet, cpuPercent, elapsedS } from './bench-fleet.ts';
import { exponent, round } from './measure/statistics.ts';
import { compilePrograms } from './rig/programs.ts';
import { Sink } from './rig/sink.ts';
import { defineBenchmark } from './runner/benchmark.ts';
import { integer, integers } from './runner/option.ts';
import { tinyStreams } from './tiny-streams.ts';

const PUSHES_PER_STREAM = 100;
const PATIENCE_MS = 120_000;
const SETTLE_MS = 10_000;
const LOOK_MS = 100;
/** Of 10,000 pushes by two workers, and how the time may grow with their number. */
const ALL_BEGUN_S = 20;
const EXPONENT = 1.1;

interface Run {
  readonly workers: number;
  readonly pushes: number;
  /** Until the API has answered. */
  readonly apiS: number;
  /** From the request until the target of one has media; to a tenth of a second. */
  readonly firstS: number;
  readonly medianS: number;
  readonly lastS: number;
  /** Of the scheduler in its reconcile rounds until then. */
  readonly reconcileS: number;
  /** CPU seconds until then. */
  readonly cpuS: { readonly redis: number; readonly scheduler: number; readonly workers: number };
  readonly commandsPerPush: number;
  /** While all are held and nothing changes. */
  readonly heldRedisCpu: number;
  readonly heldCommandsPerPush: number;
  readonly redisKbPerPush: number;
}

export const start = defineBenchmark({
  name: 'start',
  summary: 'how long it takes until pushes that are enqueued at once have all begun their first attempt',
  options: {
    pushes: integers([1_000, 2_000, 5_000, 10_000], 'How many, one run for each number.'),
    workers: integers([2], 'Worker processes, one run for each number.'),
    seconds: integer(10, 'For how long to look at what held pushes cost afterwards.'),
  },
  network: 'private',
  async run({ pushes, workers, seconds }) {
    const runs: Run[] = [];
    for (const count of workers) for (const number of pushes) runs.push(await measure(number, count, seconds));
    const first = runs.filter((run) => run.workers === workers[0]);
    const growth = round(exponent(first.map((run) => [run.pushes, run.lastS] as const)), 2);
    const most = first.at(-1)!;
    return {
      tables: [
        {
          title: 'Seconds from the request to the API until media is at the targets',
          columns: [
            'workers',
            'pushes',
            'API',
            'first',
            'half',
            'all',
            'reconciling',
            'CPU: Redis',
            'scheduler',
            'workers',
          ],
          rows: runs.map((run) => [
            run.workers,
            run.pushes,
            run.apiS,
            run.firstS,
            run.medianS,
            run.lastS,
            run.reconcileS,
            run.cpuS.redis,
            run.cpuS.scheduler,
            run.cpuS.workers,
          ]),
        },
        {
          title: 'What Redis does for them',
          columns: [
            'workers',
            'pushes',
            'commands a push to begin it',
            'held: CPU %',
            'commands a push and second',
            'kB a push',
          ],
          rows: runs.map((run) => [
            run.workers,
            run.pushes,
            run.commandsPerPush,
            run.heldRedisCpu,
            run.heldCommandsPerPush,
            run.redisKbPerPush,
          ]),
        },
      ],
      bars: [
        {
          what: `s until ${most.pushes} pushes have begun, ${most.workers} workers`,
          value: most.lastS,
          atMost: ALL_BEGUN_S,
        },
        ...(first.length < 2
          ? []
          : [{ what: 'it grows with the number of pushes to the power of', value: growth, atMost: EXPONENT }]),
      ],
      data: { runs },
    };
  },
});

async function measure(pushes: number, workers: number, seconds: number): Promise<Run> {
  compilePrograms();
  const sink = await Sink.start();
  const fleet = await BenchFleet.start(workers);
  try {
    const target = `rtmp://127.0.0.1:${sink.rtmpPort}/live`;
    const text = tinyStreams({ pushes, pushesPerStream: PUSHES_PER_STREAM, target });
    const before = await fleet.read();
    const since = performance.now();
    await fleet.configure(text);
    const apiS = (performance.now() - since) / 1_000;
    const seen = await watch(sink, pushes, since);
    const all = await fleet.read();
    const cpu = (of: keyof typeof all.cpu) => round(all.cpu[of] - before.cpu[of], 2);
    await fleet.untilHeld(pushes, 'running');
    await sleep(SETTLE_MS);
    const settled = await fleet.read();
    await sleep(seconds * 1_000);
    const held = await fleet.read();
    return {
      workers,
      pushes,
      apiS: round(apiS, 2),
      firstS: seen(1),
      medianS: seen(pushes / 2),
      lastS: seen(pushes),
      reconcileS: round(all.reconcile.seconds - before.reconcile.seconds, 2),
      cpuS: { redis: cpu('redis'), scheduler: cpu('scheduler'), workers: cpu('workers') },
      commandsPerPush: round((all.calls - before.calls) / pushes, 1),
      heldRedisCpu: round(cpuPercent(settled, held).redis, 2),
      heldCommandsPerPush: round((held.calls - settled.calls) / elapsedS(settled, held) / pushes, 3),
      redisKbPerPush: round((held.redisBytes - before.redisBytes) / 1_000 / pushes, 2),
    };
  } finally {
    await fleet.stop();
    await sink.stop();
  }
}

/** Looks at the sink until it has media of all pushes. Answers after how many seconds it had those of so many. */
async function watch(sink: Sink, pushes: number, since: number): Promise<(count: number) => number> {
  const looks: { readonly count: number; readonly s: number }[] = [];
  for (;;) {
    const { length: count } = (await sink.read()).targets;
    looks.push({ count, s: round((performance.now() - since) / 1_000, 2) });
    if (count >= pushes) return (wanted) => looks.find((look) => look.count >= wanted)!.s;
    if (performance.now() - since > PATIENCE_MS)
      throw new Error(`${count} of ${pushes} pushes have begun in ${PATIENCE_MS} ms`);
    await sleep(LOOK_MS);
  }
}
