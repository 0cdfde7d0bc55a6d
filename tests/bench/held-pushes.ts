// What it costs to hold pushes, by their number: load of Redis, scheduler and workers while nothing changes.
//
//   node_modules/.bin/node tests/bench/held-pushes.ts --pushes 1000,5000,10000 --seconds 20 [--workers 2] [--status waiting|running]
//
// `waiting`: their sources are not live, so each is a job, a lock and a report. `running`: each sends one tiny picture a second to a sink in this process.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startRtmpSink } from '../src/harness/rtmp-sink.ts';
import { until } from '../src/harness/until.ts';
import { BenchFleet, REPOSITORY, type Reading } from './bench-fleet.ts';

const PUSHES_PER_STREAM = 20;
/** What the begin of the pushes has stirred up is over after this. */
const SETTLE_MS = 10_000;

const { values: given } = parseArgs({
  options: {
    pushes: { type: 'string', default: '1000,5000,10000' },
    seconds: { type: 'string', default: '20' },
    workers: { type: 'string', default: '2' },
    status: { type: 'string', default: 'waiting' },
  },
});
const counts = given.pushes.split(',').map(Number);
const [seconds, workers, isRunning] = [Number(given.seconds), Number(given.workers), given.status === 'running'];

interface Row {
  readonly pushes: number;
  /** Beyond what an empty fleet needs. */
  readonly redisKbPerPush: number;
  readonly commandsPerSecond: number;
  readonly reconcileMs: number;
  /** Percent of one core. */
  readonly redisCpu: number;
  readonly schedulerCpu: number;
  readonly workersCpu: number;
  /** Per second, the most frequent first. */
  readonly commands: Readonly<Record<string, number>>;
}

function rowOf(pushes: number, empty: Reading, before: Reading, after: Reading): Row {
  const elapsed = (after.atMs - before.atMs) / 1_000;
  const calls = [...after.commands].map(([name, count]): [string, number] => [
    name,
    round((count - (before.commands.get(name) ?? 0)) / elapsed, 1),
  ]);
  const cpu = (of: keyof Reading['cpu']) => round((100 * (after.cpu[of] - before.cpu[of])) / elapsed, 1);
  const rounds = after.reconcile.rounds - before.reconcile.rounds;
  return {
    pushes,
    redisKbPerPush: round((after.redisBytes - empty.redisBytes) / 1_000 / pushes, 2),
    commandsPerSecond: round(
      calls.reduce((sum, [, rate]) => sum + rate, 0),
      0,
    ),
    reconcileMs: round((1_000 * (after.reconcile.seconds - before.reconcile.seconds)) / rounds, 1),
    redisCpu: cpu('redis'),
    schedulerCpu: cpu('scheduler'),
    workersCpu: cpu('workers'),
    commands: Object.fromEntries(calls.filter(([, rate]) => rate >= 1).toSorted(([, a], [, b]) => b - a)),
  };
}

const figures = ['commandsPerSecond', 'reconcileMs', 'redisCpu', 'schedulerCpu', 'workersCpu'] as const;

/** Exponent e of figure ~ pushes^e: the slope of the least squares line through the logarithms. What is there without pushes makes it look less. */
function exponent(rows: readonly Row[], figure: (typeof figures)[number]): number {
  const points = rows.map((row) => [Math.log(row.pushes), Math.log(row[figure])] as const);
  const mean = (axis: 0 | 1) => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const above = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  return round(above / points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0), 2);
}

function configText(pushes: number, input: string, target: string): string {
  const streams = Array.from({ length: Math.ceil(pushes / PUSHES_PER_STREAM) }, (_, stream) => {
    const first = stream * PUSHES_PER_STREAM;
    const names = Array.from({ length: Math.min(PUSHES_PER_STREAM, pushes - first) }, (_, n) => `p${first + n}`);
    return `stream s${stream} {\n  input ${input};\n${names.map((name) => `  push ${target}/${name};\n`).join('')}}\n`;
  });
  return streams.join('');
}

function makeClip(directory: string): string {
  const clip = join(directory, 'clip.mp4');
  const source = ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=s=64x64:r=1', '-t', '10'];
  execFileSync('ffmpeg', [...source, '-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-g', '1', clip]);
  return clip;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

const directory = mkdtempSync(join(tmpdir(), 'pushfleet-bench-'));
const input = isRunning ? `file://${makeClip(directory)}` : 'publish://';
const sink = await startRtmpSink();
const fleet = await BenchFleet.start(workers);
const rows: Row[] = [];
try {
  const empty = await fleet.read();
  for (const pushes of counts) {
    await fleet.configure(configText(pushes, input, sink.url));
    const allHeld = async () => (await fleet.held(given.status)) === pushes;
    await until(allHeld, { what: `${pushes} pushes to be ${given.status}`, timeoutMs: 120_000, everyMs: 500 });
    await sleep(SETTLE_MS);
    const before = await fleet.read();
    await sleep(seconds * 1_000);
    rows.push(rowOf(pushes, empty, before, await fleet.read()));
    console.log(JSON.stringify(rows.at(-1)));
  }
} finally {
  await fleet.stop();
  await sink.stop();
  rmSync(directory, { recursive: true });
}
const exponents = Object.fromEntries(figures.map((figure) => [figure, exponent(rows, figure)]));
console.table(rows.map(({ commands, ...row }) => row));
console.log('grows with pushes to the power of', exponents);
const results = join(REPOSITORY, '.pushfleet', 'bench');
mkdirSync(results, { recursive: true });
const file = join(results, `held-pushes-${given.status}-${workers}-workers.json`);
writeFileSync(file, `${JSON.stringify({ at: new Date().toISOString(), ...given, rows, exponents }, null, 2)}\n`);
console.log(file);
