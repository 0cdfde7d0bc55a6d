import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../src/harness/until.ts';
import { cpuSecondsOf, machineCpuSeconds, memoryOf } from '../measure/process-cost.ts';
import { median, round } from '../measure/statistics.ts';
import { type Load, type RunningSystem, type System, streamName } from '../systems/system.ts';
import { type Latency, latencyOf, type Probe } from './latency.ts';
import { type Arrival, Sink, type SinkReading, type SinkTarget } from './sink.ts';
import { Source } from './source.ts';

/** What one system did in one run. */
export interface Run {
  readonly pushes: number;
  readonly streams: number;
  readonly clip: string;
  readonly protocol: string;
  readonly seconds: number;
  /** CPU time, per push and second of stream: of the system, and of what it needs beside it. */
  readonly cpuMicros: number;
  readonly besideCpuMicros: Readonly<Record<string, number>>;
  /** CPU of everything else on the machine but source and sink, in cores: what disturbs the run. */
  readonly otherCores: number;
  /** Memory of all its processes: RSS counts pages that some of them share for each, PSS divides them among these. */
  readonly rssKb: number;
  readonly peakRssKb: number;
  readonly idlePssKb: number;
  readonly pssKb: number;
  /** PSS above the idle system. */
  readonly pssKbPerPush: number;
  readonly latency: Latency | undefined;
  /** What targets got. */
  readonly leastMbps: number;
  readonly medianMbps: number;
  /** Targets that got what the stream has, less 2 % at most. */
  readonly fullRate: number;
}

/** `sink` is made for each run. */
export type LoadOfRun = Omit<Load, 'sink'>;

export interface Pace {
  /** Of a run. */
  readonly seconds: number;
  /** What the begin has stirred up is over after this. */
  readonly settleSeconds: number;
}

const START_TIMEOUT_MS = 90_000;
const FULL = 0.98;
/** A segment comes at once: one of some may lie outside of what is measured. */
const FULL_OF_SEGMENTS = 0.7;
const PICTURE_MS = 40;
/** Has no divisor in common with the above: pictures of up to 40 sources come in milliseconds of their own, the same ones whatever the system. */
const BETWEEN_SOURCES_MS = 13;

/** Starts everything, lets it run, measures for some seconds, and ends everything. */
export async function runOnce(system: System, load: LoadOfRun, { seconds, settleSeconds }: Pace): Promise<Run> {
  const sink = await Sink.start();
  const sources: Source[] = [];
  const running = await system.start({ ...load, sink });
  try {
    const idlePssKb = memoryOf(running.processes()).pssKb;
    await running.begin(async (port) => {
      for (let stream = 0; stream < load.streams; stream++) {
        const phaseMs = (stream * BETWEEN_SOURCES_MS) % PICTURE_MS;
        sources.push(await Source.start(load.clip, port, streamName(stream), phaseMs));
        await sleep(BETWEEN_SOURCES_MS);
      }
    });
    await untilAllReceive(sink, load.pushes);
    await sleep(settleSeconds * 1_000);
    const measured = await measure(running, sink, sources, load, seconds);
    const pssKbPerPush = round((measured.pssKb - idlePssKb) / load.pushes, 1);
    return { ...measured, idlePssKb, pssKbPerPush };
  } finally {
    await Promise.all(sources.map((source) => source.stop()));
    await running.stop();
    await sink.stop();
  }
}

async function untilAllReceive(sink: Sink, pushes: number): Promise<void> {
  let receiving = 0;
  const doAll = async () => {
    const { targets } = await sink.read();
    receiving = new Set(targets.filter(({ isOpen, bytes }) => isOpen && bytes > 0).map(targetKey)).size;
    return receiving >= pushes;
  };
  const what = () => `${pushes} targets to receive (${receiving} do)`;
  await until(doAll, { what, timeoutMs: START_TIMEOUT_MS, everyMs: 250 });
}

async function measure(
  running: RunningSystem,
  sink: Sink,
  sources: readonly Source[],
  { protocol, pushes, streams, clip }: LoadOfRun,
  seconds: number,
) {
  const ours = running.processes();
  const known = [...ours, ...Object.values(running.beside ?? {}).flat(), sink.pid, ...sources.map(({ pid }) => pid)];
  await sink.capture();
  const before = { cpu: cpuSecondsOf(ours), known: cpuSecondsOf(known), beside: besideCpu(running) };
  const [machineBefore, sinkBefore, fromMs] = [machineCpuSeconds(), await sink.read(), performance.now()];
  await sleep(seconds * 1_000);
  const elapsed = (performance.now() - fromMs) / 1_000;
  const after = { cpu: cpuSecondsOf(ours), known: cpuSecondsOf(known), beside: besideCpu(running) };
  const [machineAfter, sinkAfter, memory] = [machineCpuSeconds(), await sink.read(), memoryOf(ours)];
  for (const source of sources) source.assertRunning();

  const perPush = (cpuSeconds: number) => round((cpuSeconds * 1e6) / elapsed / pushes, 1);
  const rates = targetRates(sinkBefore, sinkAfter);
  const full = Math.min(clip.bitsPerSecond, median(rates)) * (protocol === 'hls' ? FULL_OF_SEGMENTS : FULL);
  const probes = probesOf(sinkAfter, await sink.captured(), sources);
  return {
    pushes,
    streams,
    clip: clip.name,
    protocol,
    seconds: round(elapsed, 2),
    cpuMicros: perPush(after.cpu - before.cpu),
    besideCpuMicros: Object.fromEntries(
      Object.entries(after.beside).map(([name, cpu]) => [name, perPush(cpu - before.beside[name]!)]),
    ),
    otherCores: round((machineAfter - machineBefore - (after.known - before.known)) / elapsed, 2),
    ...memory,
    latency: latencyOf(clip, probes, sinkBefore.atUs, sinkAfter.atUs - LATEST_US),
    leastMbps: round(Math.min(...rates) / 1e6, 3),
    medianMbps: round(median(rates) / 1e6, 3),
    fullRate: rates.filter((rate) => rate >= full).length,
  };
}

/** Pictures of the last moments are still on their way when the measuring ends. */
const LATEST_US = 1_000_000;

function besideCpu({ beside = {} }: RunningSystem): Record<string, number> {
  return Object.fromEntries(Object.entries(beside).map(([name, pids]) => [name, cpuSecondsOf(pids)]));
}

/** Bits a second of each target; uploads of one target may come over several connections. */
function targetRates(before: SinkReading, after: SinkReading): number[] {
  const total = ({ targets }: SinkReading) => {
    const sums = new Map<string, number>();
    for (const target of targets) sums.set(targetKey(target), (sums.get(targetKey(target)) ?? 0) + target.bytes);
    return sums;
  };
  const [first, last] = [total(before), total(after)];
  const elapsed = (after.atUs - before.atUs) / 1e6;
  return [...last].map(([key, bytes]) => ((bytes - (first.get(key) ?? 0)) * 8) / elapsed);
}

/** All uploads of one target begin with the same part of a path. */
const targetKey = ({ name }: SinkTarget) => (name.startsWith('/') ? name.split('/')[1]! : name);

/** What came to each probe, with the source of its stream: the one that the last part of its name tells, or the only one. */
function probesOf({ targets }: SinkReading, arrivals: readonly Arrival[], sources: readonly Source[]): Probe[] {
  return targets.flatMap(({ probe, name }): Probe[] => {
    const source = sources.length === 1 ? sources[0] : sources.find((candidate) => name.endsWith(`/${candidate.name}`));
    if (probe === 0 || source === undefined) return []; // a floor that has no source
    return [{ startedAtUs: source.startedAtUs, arrivals: arrivals.filter((arrival) => arrival.probe === probe) }];
  });
}
