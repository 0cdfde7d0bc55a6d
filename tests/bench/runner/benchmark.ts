import { type Options, readOptions, type Values } from './option.ts';
import type { Table } from './table.ts';

/** A promise about a figure: a ratio or an exponent, never a time of one machine alone. */
export interface Bar {
  readonly what: string;
  readonly value: number;
  /** It holds when the value is not above this, or `atLeast` not below. */
  readonly atMost?: number;
  readonly atLeast?: number;
}

export interface BenchmarkResult {
  /** Printed, in this order. */
  readonly tables: readonly Table[];
  readonly bars?: readonly Bar[];
  /** Goes into the JSON file as it is: everything that was measured, run by run. */
  readonly data: unknown;
}

export interface Benchmark {
  readonly name: string;
  /** One line for the list of benchmarks. */
  readonly summary: string;
  readonly options: Options;
  /** Where its processes talk to one another; see `network.ts`. Its own loopback when that is possible, else the machine's. */
  readonly network: 'private' | 'shared';
  /** `given`: texts of the command line by option; throws a `UsageError` when one is wrong. Nothing runs yet. */
  prepare(given: Readonly<Record<string, string | undefined>>): PreparedBenchmark;
}

interface PreparedBenchmark {
  /** Of all options, those that nobody gave too. */
  readonly values: unknown;
  run(): Promise<BenchmarkResult>;
}

interface Definition<O extends Options> {
  readonly name: string;
  readonly summary: string;
  readonly options: O;
  readonly network?: 'private' | 'shared';
  run(values: Values<O>): Promise<BenchmarkResult>;
}

/** Types the values that `run` gets by the table of options. */
export function defineBenchmark<const O extends Options>(definition: Definition<O>): Benchmark {
  const { name, summary, options, network = 'shared' } = definition;
  return {
    name,
    summary,
    options,
    network,
    prepare(given) {
      const values = readOptions(options, given);
      return { values, run: () => definition.run(values) };
    },
  };
}

export function holds({ value, atMost = Number.POSITIVE_INFINITY, atLeast = Number.NEGATIVE_INFINITY }: Bar): boolean {
  return value <= atMost && value >= atLeast;
}
