import { Clip, clipNames, clipRate } from './rig/clip.ts';
import {
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
import type { Run } from './rig/run.ts';
import { type Bar, defineBenchmark } from './runner/benchmark.ts';
import { integer, integers, oneOf, someOf } from './runner/option.ts';
import type { Table } from './runner/table.ts';
import { ffmpegEach, refuseManyFfmpegs } from './systems/ffmpeg.ts';
import { floor } from './systems/floor.ts';
import { pushfleet } from './systems/pushfleet.ts';
import { type Protocol, protocols, type System } from './systems/system.ts';

const SYSTEMS: Readonly<Record<string, System>> = { pushfleet, floor, ffmpeg: ffmpegEach };
/** With fewer pushes the work for the stream itself outweighs what a push costs. */
const LEAST_FOR_BARS = 100;

export const protocolsBenchmark = defineBenchmark({
  name: 'protocols',
  summary: 'one stream to many targets by each protocol, against raw sockets and ffmpeg',
  network: 'private',
  options: {
    pushes: integers([200], 'How many of each protocol, one comparison for each number.'),
    protocols: someOf(protocols, protocols, 'Which ones.'),
    systems: someOf(Object.keys(SYSTEMS), ['pushfleet', 'floor'], 'Who takes part.'),
    clip: oneOf(clipNames, '4m', 'A stream of 4 or 1 Mb/s.'),
    window: integer(1, 'Video frames that leave together, at Pushfleet and the floor.'),
    ...paceOptions,
    seconds: integer(16, 'Length of a run; a multiple of 4, the length of the segments of HLS.'),
  },
  async run({ pushes, protocols: wanted, systems, clip: clipName, window, ...pace }) {
    if (systems.includes('ffmpeg')) refuseManyFfmpegs(pushes);
    compilePrograms();
    const clip = Clip.open(clipName);
    const comparisons: Comparison[] = [];
    for (const count of pushes) {
      const contestants = wanted.flatMap((protocol) =>
        systems.map((name): Contestant => {
          const system = SYSTEMS[name]!;
          const load = { protocol, pushes: count, streams: 1, clip, window };
          return { name: contestantName(name, protocol), label: `${protocol}: ${system.label}`, system, load };
        }),
      );
      comparisons.push(await compare(`${clipRate(clipName)} to ${count} targets`, contestants, repetitionsOf(pace)));
    }
    return {
      tables: comparisons.flatMap((comparison) => [
        comparisonTable(comparison, contestantName('pushfleet', 'rtmp')),
        ratioTable(comparison, wanted),
      ]),
      bars: comparisons.filter((_, index) => pushes[index]! >= LEAST_FOR_BARS).flatMap(barsOf),
      data: comparisonData(comparisons),
    };
  },
});

const contestantName = (system: string, protocol: Protocol) => `${protocol} ${system}`;

function ratioTable(comparison: Comparison, wanted: readonly Protocol[]): Table {
  const rows = wanted.map((protocol) => {
    const ours = contestantName('pushfleet', protocol);
    const against = (name: string, figure?: (run: Run) => number) => ratio(comparison, ours, name, figure);
    const ffmpeg = contestantName('ffmpeg', protocol);
    return [
      protocol,
      against(contestantName('pushfleet', 'rtmp')),
      against(contestantName('floor', protocol)),
      against(ffmpeg),
      against(ffmpeg, (run) => run.rssKb),
      against(ffmpeg, (run) => run.pssKb),
    ];
  });
  const columns = [
    'Pushfleet by',
    'CPU ÷ its RTMP',
    'CPU ÷ raw sockets',
    'CPU ÷ ffmpeg',
    'RSS ÷ ffmpeg',
    'PSS ÷ ffmpeg',
  ];
  return { title: `Ratios, ${comparison.title}`, columns, rows };
}

function barsOf(comparison: Comparison): Bar[] {
  return (['tshttp', 'm4s'] as const).flatMap((protocol) => {
    const value = ratio(comparison, contestantName('pushfleet', protocol), contestantName('pushfleet', 'rtmp'));
    return value === undefined ? [] : [{ what: `CPU of ${protocol} ÷ RTMP, ${comparison.title}`, value, atMost: 1.2 }];
  });
}
