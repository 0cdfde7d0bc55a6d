import type { WorkerRecord } from '@pushfleet/contract';
import type { PushHolder } from '../push/push-holder.ts';

/** The worker's own figures as Prometheus text. */
export function workerMetrics(record: WorkerRecord, holders: Iterable<PushHolder>): string {
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
    gauge('pushfleet_worker_egress_bps', 'Bits per second sent to targets.', record.egressBps),
    gauge('pushfleet_worker_queue_bytes', 'Bytes that wait for slow targets.', queueBytes),
    gauge('pushfleet_worker_event_loop_delay_ms', 'Event loop delay, 99th percentile.', record.eventLoopDelayMs),
    '# HELP pushfleet_worker_pushes Held pushes by status.\n# TYPE pushfleet_worker_pushes gauge',
    ...[...byStatus].map(([status, count]) => `pushfleet_worker_pushes{status="${status}"} ${count}`),
  ];
  return `${lines.join('\n')}\n`;
}

function gauge(name: string, help: string, value: number): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${name} ${value}`;
}
