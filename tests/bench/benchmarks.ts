import { failover } from './failover.ts';
import { fanout } from './fanout.ts';
import type { Benchmark } from './runner/benchmark.ts';
import { scale } from './scale.ts';
import { start } from './start.ts';
import { storm } from './storm.ts';

/** All benchmarks, in the order in which they are listed. */
export const benchmarks: readonly Benchmark[] = [fanout, start, failover, storm, scale];
