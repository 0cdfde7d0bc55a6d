import { Clip, clipNames, clipRate } from './rig/clip.ts';
import {
  type Comparison,
  compare,
  comparisonResult,
  contestantsOf,
  paceOptions,
  ratio,
  repetitionsOf,
} from './rig/comparison.ts';
import { compilePrograms } from './rig/programs.ts';
import { type Bar, defineBenchmark } from './runner/benchmark.ts';
import { integer, pairs, someOf, text } from './runner/option.ts';
import { nginxPackaged, nginxTuned } from './systems/nginx.ts';
import { pushfleet } from './systems/pushfleet.ts';
import { chooseSystems } from './systems/roster.ts';
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
    const chosen = chooseSystems(SYSTEMS, systems, srsBinary);
    const comparisons: Comparison[] = [];
    const bars: Bar[] = [];
    for (const clipName of clip) {
      for (const [count, each] of shapes) {
        const shape = { pushes: count * each, streams: count };
        const contestants = contestantsOf(chosen, { protocol: 'rtmp', clip: Clip.open(clipName), window, ...shape });
        const title = `${count} streams of ${clipRate(clipName)}, ${each} targets each`;
        const comparison = await compare(title, contestants, repetitionsOf(pace));
        comparisons.push(comparison);
        if (count === USUAL_STREAMS && clipName === '4m' && window === 1) bars.push(...barsOf(comparison));
      }
    }
    return { ...comparisonResult(comparisons, 'nginx'), bars };
  },
});

function barsOf(comparison: Comparison): Bar[] {
  const limits = { nginx: 0.6, nginx60k: 1.15 };
  return Object.entries(limits).flatMap(([name, atMost]) => {
    const value = ratio(comparison, 'pushfleet', name);
    return value === undefined ? [] : [{ what: `CPU ÷ ${name}, ${comparison.title}`, value, atMost }];
  });
}
