import type { WorkerRecord } from '@pushfleet/contract';

/** What a worker says of itself, with what a test does not care about filled in. */
export function workerRecord(id: string, record: Partial<WorkerRecord> = {}): WorkerRecord {
  return {
    id,
    name: id,
    pool: 'default',
    capacity: 100,
    held: 0,
    state: 'ready',
    fullCause: null,
    full: '',
    labels: {},
    rtmp: '',
    http: '',
    version: '0.0.0',
    startedAt: '2026-01-01T00:00:00.000Z',
    egressBps: 0,
    cpuPercent: 0,
    eventLoopDelayMs: 0,
    ...record,
  };
}
