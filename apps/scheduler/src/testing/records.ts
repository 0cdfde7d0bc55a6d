import type { PushReport, WorkerRecord } from '@pushfleet/contract';

export function workerRecord(record: Partial<WorkerRecord> = {}): WorkerRecord {
  return {
    id: 'w1',
    name: 'worker-1',
    pool: 'default',
    capacity: 100,
    held: 0,
    state: 'ready',
    fullCause: null,
    full: '',
    labels: {},
    rtmp: '127.0.0.1:1935',
    http: '127.0.0.1:8081',
    version: '0.0.0',
    startedAt: '2026-01-01T00:00:00.000Z',
    egressBps: 0,
    cpuPercent: 1,
    eventLoopDelayMs: 1,
    ...record,
  };
}

export function pushReport(report: Partial<PushReport> & { push: string }): PushReport {
  return {
    revision: 1,
    status: 'running',
    reason: '',
    worker: 'worker-1',
    attempt: 1,
    failures_in_a_row: 0,
    opened_at: '2026-01-01T00:00:00.000Z',
    connected_at: '2026-01-01T00:00:01.000Z',
    bytes: 1000,
    bitrate_bps: 4_000_000,
    frames: 50,
    dropped_frames: 0,
    lag_ms: 20,
    queue_bytes: 10,
    peer: '192.0.2.1:1935',
    last_error: null,
    next_retry_at: null,
    reported_at: '2026-01-01T00:00:02.000Z',
    ...report,
  };
}
