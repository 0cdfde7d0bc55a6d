import { Clip, clipNames } from './rig/clip.ts';
import {
  besideTable,
  type Comparison,
  type Contestant,
  compare,
  comparisonData,
  comparisonTable,
  paceOptions,
  ratio,
  repetitionsOf,
} from './rig/comparison.ts';
import { compilePrograms } from './rig/programs.ts';
import { type Bar, defineBenchmark } from './runner/benchmark.ts';
import { integer, pairs, someOf, text } from './runner/option.ts';
import { nginxPackaged, nginxTuned } from './systems/nginx.ts';
import { pushfleet } from './systems/pushfleet.ts';
import { srs } from './systems/srs.ts';
import type { System } from './systems/system.ts';

const SYSTEMS: Readonly<Record<string, System>> = { pushfleet, nginx: nginxPackaged, nginx60k: nginxTuned };
/** As many streams as this with ten pushes each are the usual shape of a fleet, for which the bars are. */
const USUAL_STREAMS = 50;

export const streams = defineBenchmark({
  name: 'streams',
  summary: 'many streams to a few RTMP targets each, the usual shape: as fanout',
  network: 'private',
  options: {
    shapes: pairs(
      [
        [50, 10],
        [200, 5],
      ],
      'Streams x pushes of each, one comparison for each shape.',
    ),
    clip: someOf(clipNames, ['4m'], 'Streams of 4 or 1 Mb/s.'),
    systems: someOf(Object.keys(SYSTEMS), ['pushfleet', 'nginx', 'nginx60k'], 'Who takes part.'),
    window: integer(1, 'Video frames that leave together, at Pushfleet.'),
    ...paceOptions,
    srs: text('Path of an SRS binary, which then takes part, too.'),
  },
  async run({ shapes, clip, systems, window, srs: srsBinary, ...pace }) {
    compilePrograms();
    const chosen = systems.map((name) => SYSTEMS[name]!);
    if (srsBinary !== undefined) chosen.push(srs(srsBinary));
    const comparisons: Comparison[] = [];
    const bars: Bar[] = [];
    for (const clipName of clip) {
      for (const [count, each] of shapes) {
        const load = {
          protocol: 'rtmp',
          pushes: count * each,
          streams: count,
          clip: Clip.open(clipName),
          window,
        } as const;
        const contestants = chosen.map((system): Contestant => ({ ...system, system, load }));
        const title = `${count} streams of ${clipName.replace('m', ' Mb/s')}, ${each} targets each`;
        const comparison = await compare(title, contestants, repetitionsOf(pace));
        comparisons.push(comparison);
        if (count === USUAL_STREAMS && clipName === '4m' && window === 1) bars.push(...barsOf(comparison));
      }
    }
    const beside = systems.includes('pushfleet') ? [besideTable(comparisons, 'pushfleet')] : [];
    return {
      tables: [...comparisons.map((comparison) => comparisonTable(comparison, 'nginx')), ...beside],
      bars,
      data: comparisonData(comparisons),
    };
  },
});

function barsOf(comparison: Comparison): Bar[] {
  const limits = { nginx: 0.6, nginx60k: 1.15 };
  return Object.entries(limits).flatMap(([name, atMost]) => {
    const value = ratio(comparison, 'pushfleet', name);
    return value === undefined ? [] : [{ what: `CPU ÷ ${name}, ${comparison.title}`, value, atMost }];
  });
}
