// Runs a benchmark: npm run bench -- NAME [options]
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { benchmarks } from './benchmarks.ts';
import { RESULTS } from './paths.ts';
import type { Benchmark, BenchmarkResult } from './runner/benchmark.ts';
import { CannotRun } from './runner/cannot-run.ts';
import { describeMachine, formatMachine, type Machine } from './runner/machine.ts';
import { enterPrivateNetwork } from './runner/network.ts';
import { UsageError } from './runner/option.ts';
import { barTable, formatTable } from './runner/table.ts';

const EXIT_USAGE = 2;

function usage(): string {
  const width = Math.max(...benchmarks.map(({ name }) => name.length));
  const names = benchmarks.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return `Usage: npm run bench -- NAME [options]\n\n${names.join('\n')}\n\nOptions of one: npm run bench -- NAME --help`;
}

function usageOf({ name, summary, options }: Benchmark): string {
  const lines = Object.entries({ ...options, out: OUT }).map(([option, { doc, values, fallback }]) => {
    const otherwise = Array.isArray(fallback) ? fallback.map(textOf).join(',') : textOf(fallback);
    return `  --${option}\n      ${doc}\n      ${values}; default: ${otherwise}`;
  });
  return `npm run bench -- ${name} [options]\n\n${summary}\n\n${lines.join('\n')}`;
}

const textOf = (value: unknown) => (Array.isArray(value) ? value.join('x') : `${value ?? 'none'}`);

const OUT = { doc: 'File for the JSON.', values: 'a path', fallback: '.pushfleet/bench/NAME-TIME.json' };

/** Splits the command line; names that the benchmark does not have are refused. */
function parseCommandLine({ name, options }: Benchmark, args: readonly string[]) {
  const known = Object.fromEntries(
    [...Object.keys(options), 'out'].map((option) => [option, { type: 'string' }] as const),
  );
  try {
    return parseArgs({ args: [...args], options: { ...known, help: { type: 'boolean', short: 'h' } } }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split('. ')[0]}. See: npm run bench -- ${name} --help`);
  }
}

async function main([name, ...args]: readonly string[]): Promise<void> {
  if (name === undefined || name === '--help' || name === '-h') {
    console.log(usage());
    if (name === undefined) process.exitCode = EXIT_USAGE;
    return;
  }
  const benchmark = benchmarks.find((candidate) => candidate.name === name);
  if (benchmark === undefined) throw new UsageError(`There is no benchmark ${JSON.stringify(name)}.\n\n${usage()}`);
  const { help, out, ...given } = parseCommandLine(benchmark, args) as Record<string, string | undefined>;
  if (help) return console.log(usageOf(benchmark));

  const { values, run } = benchmark.prepare(given);
  if (benchmark.network === 'private') enterPrivateNetwork();
  const machine = describeMachine();
  console.log(`${benchmark.name}: ${benchmark.summary}\n${formatMachine(machine)}\n`);
  const startedAt = new Date();
  const result = await run();
  print(result);
  console.log(`\n${write({ benchmark, startedAt, machine, values, result, out })}`);
}

function print({ tables, bars = [] }: BenchmarkResult): void {
  const all = bars.length === 0 ? tables : [...tables, barTable(bars)];
  console.log(all.map(formatTable).join('\n\n'));
}

interface Finished {
  readonly benchmark: Benchmark;
  readonly startedAt: Date;
  readonly machine: Machine;
  readonly values: unknown;
  readonly result: BenchmarkResult;
  readonly out: string | undefined;
}

/** @returns the path of the file */
function write({ benchmark, startedAt, machine, values, result, out }: Finished): string {
  const at = startedAt.toISOString();
  const file = out ?? join(RESULTS, `${benchmark.name}-${at.replace(/[:.]/g, '-')}.json`);
  mkdirSync(dirname(file), { recursive: true });
  const { tables, bars = [], data } = result;
  const record = { benchmark: benchmark.name, at, machine, options: values, tables, bars, data };
  writeFileSync(file, `${JSON.stringify(record, null, 2)}\n`);
  return file;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError || error instanceof CannotRun)) throw error;
  console.error(error.message);
  process.exitCode = EXIT_USAGE;
}
