import { fanout } from './fanout.ts';
import { held } from './held.ts';
import type { Benchmark } from './runner/benchmark.ts';

/** All benchmarks, in the order in which they are listed. */
export const benchmarks: readonly Benchmark[] = [fanout, held];
