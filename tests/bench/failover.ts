import { setTimeout as sleep } from 'node:timers/promises';
import { type Publication, startRtmpSink } from '../src/harness/rtmp-sink.ts';
import { until } from '../src/harness/until.ts';
import { BenchFleet } from './bench-fleet.ts';
import { percentile, round } from './measure/statistics.ts';
import { defineBenchmark } from './runner/benchmark.ts';
import { integer } from './runner/option.ts';
import { tinyStreams } from './tiny-streams.ts';

const PATIENCE_MS = 60_000;
/** The fresh worker has met the other one by then, and ten healthy seconds have forgiven the loss before: more than five in a row are an error of the push. */
const PEACE_MS = 12_000;
/** What people are promised of a worker that is killed. */
const MEDIAN_S = 3;
const MAX_S = 5;

interface Run {
  /** From the kill to the first media byte at the target, seconds. */
  readonly firstS: number;
  readonly medianS: number;
  readonly lastS: number;
}

export const failover = defineBenchmark({
  name: 'failover',
  summary: 'how long pushes are off when their worker is killed: until the first media byte at the target',
  options: {
    pushes: integer(500, 'Held by the worker that is killed; another one holds nothing and takes them over.'),
    kills: integer(10, 'How often, each time after a fresh worker has come.'),
  },
  network: 'private',
  async run({ pushes, kills }) {
    const sink = await startRtmpSink();
    const fleet = await BenchFleet.start(1);
    const runs: Run[] = [];
    const all: number[] = [];
    try {
      await fleet.configure(tinyStreams({ pushes, target: sink.url }));
      for (let kill = 0; kill < kills; kill++) {
        await fleet.untilHeld(pushes, 'running');
        await fleet.addWorker();
        await sleep(PEACE_MS);
        const known = sink.publications.length;
        const killedAt = performance.now();
        await fleet.killOldestWorker();
        const back = () => mediaAgain(sink.publications.slice(known));
        await until(() => back().size === pushes, { what: 'media of all pushes', timeoutMs: PATIENCE_MS, everyMs: 50 });
        const times = [...back().values()].map((at) => (at - killedAt) / 1_000);
        all.push(...times);
        runs.push({
          firstS: round(Math.min(...times), 2),
          medianS: round(percentile(times, 0.5), 2),
          lastS: round(Math.max(...times), 2),
        });
      }
    } finally {
      await fleet.stop();
      await sink.stop();
    }
    const [median, max] = [round(percentile(all, 0.5), 2), round(Math.max(...all), 2)];
    return {
      tables: [
        {
          title: `Seconds from the kill of a worker with ${pushes} pushes to the first media byte at the target`,
          columns: ['kill', 'first', 'p50', 'max'],
          rows: [
            ...runs.map(({ firstS, medianS, lastS }, n) => [`${n + 1}`, firstS, medianS, lastS]),
            ['all', round(Math.min(...all), 2), median, max],
          ],
        },
      ],
      bars: [
        { what: 's until media again, p50', value: median, atMost: MEDIAN_S },
        { what: 's until media again, max', value: max, atMost: MAX_S },
      ],
      data: { runs },
    };
  },
});

/** Name of a push -> when its first media came. */
function mediaAgain(publications: readonly Publication[]): Map<string, number> {
  const first = new Map<string, number>();
  for (const { name, firstMediaAt } of publications) {
    if (firstMediaAt !== undefined && !first.has(name)) first.set(name, firstMediaAt);
  }
  return first;
}
