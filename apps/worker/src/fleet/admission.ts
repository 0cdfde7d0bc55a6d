import type { Environment } from '@pushfleet/config';
import type { FullCause } from '@pushfleet/contract';

/** What a worker carries just now. */
export interface Load {
  /** Pushes held. */
  readonly held: number;
  /** Of one core. */
  readonly cpuPercent: number;
  readonly loopDelayMs: number;
  /** Expected with one push more than are held. */
  readonly nextEgressBps: number;
}

/** What a worker takes on at most; Infinity is no limit. */
export interface Limits {
  readonly capacity: number;
  readonly cpuPercent: number;
  readonly loopDelayMs: number;
  readonly egressBps: number;
}

/** As the operator has set them. */
export function limitsOf({
  capacity,
  maxCpuPercent,
  maxLoopDelayMs,
  maxEgressMbps,
}: Pick<Environment, 'capacity' | 'maxCpuPercent' | 'maxLoopDelayMs' | 'maxEgressMbps'>): Limits {
  const without = Number.POSITIVE_INFINITY;
  return {
    capacity,
    cpuPercent: maxCpuPercent === 'off' ? without : maxCpuPercent,
    loopDelayMs: maxLoopDelayMs === 'off' ? without : maxLoopDelayMs,
    egressBps: maxEgressMbps === undefined ? without : maxEgressMbps * 1e6,
  };
}

interface Gauge {
  readonly exceeds: (load: Load, limits: Limits) => boolean;
  readonly words: (load: Load, limits: Limits) => string;
}

/** A worker that is full for its load takes pushes again when the load has fallen this far below the limit, so that it does not flap. */
const REOPENS_AT = 0.9;

const mbps = (bps: number): string => (bps / 1e6).toFixed(1);

/** In the order in which they are told. Counts are exact; only what is measured wavers and needs a distance to the limit. */
const gauges: Readonly<Record<FullCause, Gauge>> = {
  capacity: {
    exceeds: ({ held }, { capacity }) => held >= capacity,
    words: ({ held }, { capacity }) => `holds ${held} pushes of ${capacity}`,
  },
  cpu: {
    exceeds: ({ cpuPercent }, limits) => cpuPercent > limits.cpuPercent,
    words: ({ cpuPercent }, limits) =>
      `CPU at ${Math.round(cpuPercent)} % of a core, the limit is ${limits.cpuPercent} %`,
  },
  loop_delay: {
    exceeds: ({ loopDelayMs }, limits) => loopDelayMs > limits.loopDelayMs,
    words: ({ loopDelayMs }, limits) =>
      `event loop ${Math.round(loopDelayMs)} ms late, the limit is ${limits.loopDelayMs} ms`,
  },
  egress: {
    // A budget below one push is taken for one push: else nothing would ever be sent and nothing learned.
    exceeds: ({ held, nextEgressBps }, { egressBps }) => held > 0 && nextEgressBps > egressBps,
    words: ({ nextEgressBps }, { egressBps }) =>
      `one more push makes ${mbps(nextEgressBps)} Mb/s, the limit is ${mbps(egressBps)} Mb/s`,
  },
};

/** What this worker has no room for, given what it had no room for before. Nothing that is held is dropped for it. */
export function fullBy(before: ReadonlySet<FullCause>, load: Load, limits: Limits): ReadonlySet<FullCause> {
  const lower = { ...limits, cpuPercent: limits.cpuPercent * REOPENS_AT, loopDelayMs: limits.loopDelayMs * REOPENS_AT };
  const reopening = { ...lower, egressBps: limits.egressBps * REOPENS_AT };
  const isFull = (cause: FullCause) => gauges[cause].exceeds(load, before.has(cause) ? reopening : limits);
  return new Set((Object.keys(gauges) as FullCause[]).filter(isFull));
}

/** Why it is full, in words for people. */
export const fullWords = (cause: FullCause, load: Load, limits: Limits): string => gauges[cause].words(load, limits);
