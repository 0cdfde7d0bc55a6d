// How worker processes are started, and what those of one host and their parent say to one another, over the channel that Node opens between
// them. Both ends are of one version: these are types and no schemas.

/** A port that the parent listens on for all of its processes. */
export type SharedPort = 'rtmp' | 'http';

export type ToWorkerProcess =
  /** Comes with the socket of somebody who has connected to the shared port; answered with `taken`. */
  | { readonly op: 'connection'; readonly port: SharedPort }
  /** The other processes of this host: the `host:port` that they advertise -> where they are reached from here. */
  | { readonly op: 'siblings'; readonly addresses: Readonly<Record<string, string>> }
  /** Take pushes: all processes of this host are in the fleet, and each knows its share. */
  | { readonly op: 'begin' }
  /** Tell your own metrics. */
  | { readonly op: 'metrics'; readonly question: number }
  /** Here are those of all processes. */
  | { readonly op: 'all_metrics'; readonly question: number; readonly text: string };

export type FromWorkerProcess =
  /** It listens and is in the fleet; it waits for `begin`. */
  | { readonly op: 'listed' }
  | { readonly op: 'taken' }
  /** One of the connections that were handed over is closed. */
  | { readonly op: 'closed' }
  /** While a process drains, connections go to the others. */
  | { readonly op: 'draining'; readonly draining: boolean }
  /** Somebody at the shared port asks for the metrics of all processes. */
  | { readonly op: 'all_metrics'; readonly question: number }
  /** The answer to `metrics`: Prometheus text. */
  | { readonly op: 'metrics'; readonly question: number; readonly text: string };

/**
 * Options with which Node starts a worker; V8 takes the first one only at the start of a process.
 *
 * - The young generation has 8 MB a half. What a push makes lives for one picture or one report: more room finds no more garbage, and the 32 MB that V8
 *   would take cost memory.
 * - Pictures and batches are memory outside of the heap. V8 would collect its whole heap whenever 64 MB of that have come, once a second with 50
 *   streams of 4 Mb/s; so it counts them as a part of the heap, which may grow with what lives.
 */
export const WORKER_NODE_OPTIONS: readonly string[] = [
  '--max-semi-space-size=8',
  '--external-memory-accounted-in-global-limit',
];

/** Those of them that nobody has chosen himself. `given`: options as a command line or NODE_OPTIONS has them. */
export function workerNodeOptions(...given: readonly (string | undefined)[]): string[] {
  const known = given.join(' ').replaceAll('_', '-');
  return WORKER_NODE_OPTIONS.filter((option) => !known.includes(option.split('=', 1)[0]!));
}

/**
 * Of glibc, which reads it when a process begins; elsewhere it means nothing.
 *
 * - V8's threads need no memory of their own to allocate from, which keeps what they have once used.
 * - What it allocates may lie in pages of 2 MB, where the system leaves that to programs (`madvise`). Each write looks up another connection, and with
 *   hundreds of them the pages of 4 KB are more than the processor remembers.
 */
export const WORKER_ALLOCATOR: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: '1',
  GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1',
};

/** Argument with which the parent starts the processes that share its ports. */
export const SHARED_PORTS_ARGUMENT = '--shared-ports';
