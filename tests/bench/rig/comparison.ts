import { repeatInterleaved } from '../measure/repeat.ts';
import { median, round } from '../measure/statistics.ts';
import type { BenchmarkResult } from '../runner/benchmark.ts';
import { integer, type Values } from '../runner/option.ts';
import type { Cell, Table } from '../runner/table.ts';
import type { System } from '../systems/system.ts';
import { type LoadOfRun, type Pace, type Run, runOnce } from './run.ts';

/** Name of the contestant that is ours, where each system takes part once. */
const OURS = 'pushfleet';

/** One of the things that are compared under the same load. */
export interface Contestant {
  readonly name: string;
  readonly label: string;
  readonly system: System;
  readonly load: LoadOfRun;
}

export interface Comparison {
  readonly title: string;
  readonly contestants: readonly Contestant[];
  /** Of each contestant by its name, in the order of the repetitions. */
  readonly runs: ReadonlyMap<string, readonly Run[]>;
}

export interface Repetitions extends Pace {
  readonly repetitions: number;
  /** How long to wait before each run for a machine that is busy. */
  readonly patienceSeconds: number;
}

/** Options of every benchmark that compares. */
export const paceOptions = {
  repetitions: integer(5, 'Runs of each, interleaved.'),
  seconds: integer(15, 'Length of a run.'),
  settle: integer(20, 'Seconds from the first byte at the last target until the run is measured.'),
  patience: integer(5, 'Seconds to wait before each run while the machine is busy otherwise.', 0),
};

export const repetitionsOf = ({ repetitions, seconds, settle, patience }: Values<typeof paceOptions>): Repetitions => ({
  repetitions,
  seconds,
  settleSeconds: settle,
  patienceSeconds: patience,
});

/** Each of these systems, under the same load. */
export const contestantsOf = (systems: readonly System[], load: LoadOfRun): Contestant[] =>
  systems.map((system) => ({ ...system, system, load }));

/** Runs all contestants, one after the other, as often as asked for, and says on stderr how far it is. */
export async function compare(
  title: string,
  contestants: readonly Contestant[],
  pace: Repetitions,
): Promise<Comparison> {
  console.error(title);
  const runs = await repeatInterleaved(contestants, pace, async ({ label, system, load }) => {
    const run = await runOnce(system, load, pace);
    const { cpuMicros, fullRate, otherCores } = run;
    console.error(
      `  ${label}: ${cpuMicros} µs a push and s, ${fullRate}/${load.pushes} in full, others ${otherCores} cores`,
    );
    return run;
  });
  return { title, contestants, runs: new Map([...runs].map(([{ name }, list]) => [name, list])) };
}

/** Median of a figure over the runs of a contestant; NaN when it did not take part. */
export function middle({ runs }: Comparison, name: string, figure: (run: Run) => number): number {
  return median((runs.get(name) ?? []).map(figure));
}

/**
 * Median of the ratios of each repetition: its two runs are close together in time, so what changed on the machine since the first repetition
 * cancels out. Undefined when one of them did not take part.
 */
export function ratio(
  { runs }: Comparison,
  name: string,
  to: string,
  figure: (run: Run) => number = cpu,
): number | undefined {
  const [ours, theirs] = [runs.get(name), runs.get(to)];
  if (ours === undefined || theirs === undefined) return undefined;
  return round(median(ours.map((run, repetition) => figure(run) / figure(theirs[repetition]!))), 3);
}

export const cpu = (run: Run): number => run.cpuMicros;

/** What every benchmark of Pushfleet beside other servers shows. `reference`: whose CPU is 1. */
export function comparisonResult(
  comparisons: readonly Comparison[],
  reference: string,
): Pick<BenchmarkResult, 'tables' | 'data'> {
  const tables = comparisons.map((comparison) => comparisonTable(comparison, reference));
  const isOursIn = comparisons.some(({ runs }) => runs.has(OURS));
  return { tables: isOursIn ? [...tables, besideTable(comparisons)] : tables, data: comparisonData(comparisons) };
}

/** `reference`: whose CPU is 1. */
export function comparisonTable(comparison: Comparison, reference: string): Table {
  const rows = comparison.contestants.map(({ name, label }): Cell[] => {
    const runs = comparison.runs.get(name) ?? [];
    const of = (figure: (run: Run) => number, digits: number) => round(middle(comparison, name, figure), digits);
    const spread = runs.map(cpu).toSorted((a, b) => a - b);
    return [
      label,
      of(cpu, 0),
      `${Math.round(spread[0] ?? Number.NaN)}–${Math.round(spread.at(-1) ?? Number.NaN)}`,
      ratio(comparison, name, reference)?.toFixed(2),
      latencyText(comparison, name),
      of((run) => run.rssKb / 1024, 0),
      of((run) => run.pssKb / 1024, 0),
      of((run) => run.pssKbPerPush, 0),
      `${Math.min(...runs.map(({ fullRate }) => fullRate))}/${runs[0]?.pushes}`,
    ];
  });
  return {
    title: comparison.title,
    columns: [
      'system',
      'µs CPU per push and s',
      'from–to',
      `÷ ${reference}`,
      'added latency p50 / p99 ms',
      'RSS MB',
      'PSS MB',
      'PSS KiB per push',
      'full rate',
    ],
    rows,
  };
}

/** What ours needs beside the worker, in the same unit. */
function besideTable(comparisons: readonly Comparison[]): Table {
  return {
    title: 'Beside the worker, µs CPU per push and s',
    columns: ['load', 'worker', 'scheduler', 'Redis'],
    rows: comparisons
      .filter(({ runs }) => runs.has(OURS))
      .map((comparison) => {
        const beside = (of: string) =>
          round(
            middle(comparison, OURS, (run) => run.besideCpuMicros[of] ?? 0),
            1,
          );
        return [comparison.title, round(middle(comparison, OURS, cpu), 0), beside('scheduler'), beside('redis')];
      }),
  };
}

function latencyText(comparison: Comparison, name: string): string | undefined {
  const known = (comparison.runs.get(name) ?? []).flatMap(({ latency }) => latency ?? []);
  if (known.length === 0) return undefined;
  const of = (figure: 'p50Ms' | 'p99Ms') => median(known.map((latency) => latency[figure])).toFixed(1);
  return `${of('p50Ms')} / ${of('p99Ms')}`;
}

/** For the JSON file. */
export function comparisonData(comparisons: readonly Comparison[]): unknown {
  return comparisons.map(({ title, runs }) => ({ title, runs: Object.fromEntries(runs) }));
}
