import { fullCauses, type WorkerRecord } from '@pushfleet/contract';
import type { PushHolder } from '../push/push-holder.ts';

/** How attempts got their turn to connect; the first three count from the start of the worker. */
export interface ConnectFigures {
  readonly granted: number;
  readonly denied: number;
  /** Questions to Redis. */
  readonly asked: number;
  readonly waiting: number;
  /** Hosts. */
  readonly down: number;
}

/** The worker's own figures as Prometheus text. `streams`: how many are in use here. */
export function workerMetrics(
  record: WorkerRecord,
  holders: Iterable<PushHolder>,
  connects: ConnectFigures,
  streams: number,
): string {
  const now = performance.now();
  const byStatus = new Map<string, number>();
  let queueBytes = 0;
  for (const holder of holders) {
    const report = holder.report(now);
    byStatus.set(report.status, (byStatus.get(report.status) ?? 0) + 1);
    queueBytes += report.queue_bytes;
  }
  const lines = [
    gauge('pushfleet_worker_capacity', 'Pushes that this worker may hold.', record.capacity),
    gauge('pushfleet_worker_held', 'Pushes that this worker holds.', record.held),
    gauge('pushfleet_worker_streams', 'Streams that are in use here, each with one source.', streams),
    gauge('pushfleet_worker_egress_bps', 'Bits per second sent to targets.', record.egressBps),
    gauge('pushfleet_worker_queue_bytes', 'Bytes that wait for slow targets.', queueBytes),
    gauge('pushfleet_worker_cpu_percent', 'CPU of the process in percent of one core.', record.cpuPercent),
    gauge('pushfleet_worker_event_loop_delay_ms', 'Event loop delay, 98th percentile.', record.eventLoopDelayMs),
    '# HELP pushfleet_worker_full 1 for what keeps it from taking more pushes.\n# TYPE pushfleet_worker_full gauge',
    ...fullCauses.map((cause) => `pushfleet_worker_full{cause="${cause}"} ${record.fullCause === cause ? 1 : 0}`),
    counter('pushfleet_worker_connects_granted_total', 'Attempts that were let through to dial.', connects.granted),
    counter('pushfleet_worker_connects_denied_total', 'Attempts not dialled: the host is down.', connects.denied),
    counter('pushfleet_worker_connect_permits_asked_total', 'Questions to Redis for permits to dial.', connects.asked),
    gauge('pushfleet_worker_connects_waiting', 'Attempts that wait for their turn to dial.', connects.waiting),
    gauge('pushfleet_worker_hosts_down', 'Target hosts that are not dialled now because they are down.', connects.down),
    '# HELP pushfleet_worker_pushes Held pushes by status.\n# TYPE pushfleet_worker_pushes gauge',
    ...[...byStatus].map(([status, count]) => `pushfleet_worker_pushes{status="${status}"} ${count}`),
  ];
  return `${lines.join('\n')}\n`;
}

const gauge = (name: string, help: string, value: number): string => sample('gauge', name, help, value);
const counter = (name: string, help: string, value: number): string => sample('counter', name, help, value);

function sample(type: 'gauge' | 'counter', name: string, help: string, value: number): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${value}`;
}
