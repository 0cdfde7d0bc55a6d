import { exponent, round } from './measure/statistics.ts';
import { Clip, type ClipName, clipNames, clipRate } from './rig/clip.ts';
import {
  type Comparison,
  compare,
  comparisonResult,
  contestantsOf,
  cpu,
  middle,
  paceOptions,
  ratio,
  repetitionsOf,
} from './rig/comparison.ts';
import { compilePrograms } from './rig/programs.ts';
import { type Bar, defineBenchmark } from './runner/benchmark.ts';
import { integer, integers, someOf, text } from './runner/option.ts';
import { ffmpegEach, ffmpegTee, refuseManyFfmpegs } from './systems/ffmpeg.ts';
import { floor } from './systems/floor.ts';
import { nginxPackaged, nginxTuned } from './systems/nginx.ts';
import { pushfleet, pushfleetPair } from './systems/pushfleet.ts';
import { chooseSystems } from './systems/roster.ts';
import type { System } from './systems/system.ts';

const SYSTEMS: Readonly<Record<string, System>> = {
  pushfleet,
  'pushfleet-x2': pushfleetPair,
  nginx: nginxPackaged,
  nginx60k: nginxTuned,
  floor,
  ffmpeg: ffmpegEach,
  'ffmpeg-tee': ffmpegTee,
};

/** A stream that goes to `pushes` targets. */
interface Fanout {
  readonly clip: ClipName;
  readonly pushes: number;
  readonly comparison: Comparison;
}

export const fanout = defineBenchmark({
  name: 'fanout',
  summary:
    'one stream to many RTMP targets: CPU, memory and added latency per push, against servers, ffmpeg and a C floor',
  network: 'private',
  options: {
    pushes: integers([100, 500, 1_000, 2_000], 'How many, one comparison for each number.'),
    clip: someOf(clipNames, ['4m'], 'Streams of 4 or 1 Mb/s.'),
    systems: someOf(Object.keys(SYSTEMS), ['pushfleet', 'nginx', 'nginx60k', 'floor'], 'Who takes part.'),
    window: integer(1, 'Video frames that leave together, at Pushfleet and the floor.'),
    ...paceOptions,
    srs: text('Path of an SRS binary, which then takes part, too.'),
  },
  async run({ pushes, clip, systems, window, srs: srsBinary, ...pace }) {
    if (systems.includes('ffmpeg')) refuseManyFfmpegs(pushes);
    compilePrograms();
    const chosen = chooseSystems(SYSTEMS, systems, srsBinary);
    const fanouts: Fanout[] = [];
    for (const clipName of clip) {
      for (const count of pushes) {
        const load = { protocol: 'rtmp', pushes: count, streams: 1, clip: Clip.open(clipName), window } as const;
        const title = `One stream of ${clipRate(clipName)} to ${count} targets${window === 1 ? '' : `, ${window} video frames per write`}`;
        const comparison = await compare(title, contestantsOf(chosen, load), repetitionsOf(pace));
        fanouts.push({ clip: clipName, pushes: count, comparison });
      }
    }
    const comparisons = fanouts.map(({ comparison }) => comparison);
    const bars = [...fanouts.flatMap((one) => barsOf(one, window)), ...growthBars(fanouts)];
    return { ...comparisonResult(comparisons, 'nginx'), bars };
  },
});

function barsOf({ clip, pushes, comparison }: Fanout, window: number): Bar[] {
  const { runs } = comparison;
  const ours = runs.get('pushfleet');
  if (clip !== '4m' || ours === undefined) return [];
  const against = (name: string, what: string, atMost: number, figure = cpu): Bar[] => {
    const value = ratio(comparison, 'pushfleet', name, figure);
    return value === undefined ? [] : [{ what: `${what}, N = ${pushes}`, value, atMost }];
  };
  const bars: Bar[] = [];
  if (window === 2) bars.push(...against('srs', 'CPU ÷ SRS, 2 video frames per write', 1.1));
  if (window !== 1) return bars;
  if (pushes === 50) {
    bars.push(...against('ffmpeg', 'CPU ÷ one ffmpeg per push', 0.12));
    bars.push(...against('ffmpeg', 'RSS ÷ one ffmpeg per push', 0.06, (run) => run.rssKb));
    bars.push(...against('ffmpeg', 'PSS ÷ one ffmpeg per push', 0.06, (run) => run.pssKb));
  }
  if (pushes >= 500 && pushes <= 1_000) {
    bars.push(...against('nginx', 'CPU ÷ nginx-rtmp as packaged', 0.42));
    bars.push(...against('nginx60k', 'CPU ÷ nginx-rtmp, chunk 60000', 0.9));
    bars.push(...against('floor', 'CPU ÷ C floor', 1.5));
  }
  const latency = (figure: 'p50Ms' | 'p99Ms') =>
    round(
      middle(comparison, 'pushfleet', (run) => run.latency?.[figure] ?? Number.NaN),
      1,
    );
  bars.push({ what: `added latency p50 ms, N = ${pushes}`, value: latency('p50Ms'), atMost: 2 });
  bars.push({ what: `added latency p99 ms, N = ${pushes}`, value: latency('p99Ms'), atMost: 15 });
  if (pushes >= 1_000) {
    const value = round(
      middle(comparison, 'pushfleet', (run) => run.pssKbPerPush),
      1,
    );
    bars.push({ what: `KiB (PSS) per push above the idle worker, N = ${pushes}`, value, atMost: 64 });
  }
  const value = round(Math.min(...ours.map((run) => run.fullRate)) / pushes, 4);
  bars.push({ what: `share of targets that got all bytes less 2 % at most, N = ${pushes}`, value, atLeast: 1 });
  return bars;
}

/** How the CPU of the whole process grows with the number of pushes. */
function growthBars(fanouts: readonly Fanout[]): Bar[] {
  return [...new Set(fanouts.map(({ clip }) => clip))].flatMap((clip) => {
    const points = fanouts
      .filter((one) => one.clip === clip && one.comparison.runs.has('pushfleet'))
      .map(({ pushes, comparison }) => [pushes, pushes * middle(comparison, 'pushfleet', cpu)] as const);
    if (points.length < 2) return [];
    const [first, last] = [points[0]![0], points.at(-1)![0]];
    const what = `CPU grows with N from ${first} to ${last} to the power of (${clip})`;
    return [{ what, value: round(exponent(points), 3), atMost: 1.05 }];
  });
}
