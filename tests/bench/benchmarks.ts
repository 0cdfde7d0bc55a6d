import { dashboard } from './dashboard.ts';
import { failover } from './failover.ts';
import { fanout } from './fanout.ts';
import { protocolsBenchmark } from './protocols.ts';
import type { Benchmark } from './runner/benchmark.ts';
import { scale } from './scale.ts';
import { start } from './start.ts';
import { storm } from './storm.ts';
import { streams } from './streams.ts';

/** All benchmarks, in the order in which they are listed. */
export const benchmarks: readonly Benchmark[] = [
  fanout,
  protocolsBenchmark,
  streams,
  start,
  failover,
  storm,
  scale,
  dashboard,
];
