import type { PushView, StreamView, WorkerView } from '@pushfleet/contract';

// Objects as the API shows them, with what a test does not care about filled in.

export function pushView(change: Partial<PushView> = {}): PushView {
  return {
    id: 'p-1',
    stream: 'demo',
    url: 'rtmp://127.0.0.1:19350/live/***',
    protocol: 'rtmp',
    desired: 'enabled',
    status: 'running',
    reason: '',
    origin: 'api',
    revision: 7,
    paused: null,
    retry_timeout: 5,
    retry_limit: null,
    disabled: false,
    timeout: null,
    connect_timeout: 5,
    comment: '',
    pool: 'default',
    labels: {},
    hls_profile: 'auto',
    hls_method: 'put',
    hls_delete: null,
    headers: {},
    s3_region: '',
    worker: 'worker-1',
    attempt: 1,
    failures_in_a_row: 0,
    retries_total: 0,
    opened_at: '2026-01-01T00:00:00.000Z',
    connected_at: '2026-01-01T00:00:01.000Z',
    bytes: 1_500_000,
    bytes_total: 3_000_000,
    bitrate_bps: 4_024_000,
    frames: 100,
    dropped_frames: 0,
    lag_ms: 12,
    queue_bytes: 0,
    peer: '127.0.0.1:19350',
    last_error: null,
    next_retry_at: null,
    errors: {},
    created_at: '2026-01-01T00:00:00.000Z',
    ...change,
  };
}

export function streamView(change: Partial<StreamView> = {}): StreamView {
  return {
    name: 'demo',
    title: '',
    inputs: ['file://examples/clip.mp4'],
    disabled: false,
    origin: 'file',
    revision: 1,
    status: 'running',
    source: null,
    segment_count: null,
    segment_duration: null,
    source_timeout: null,
    has_password: false,
    comment: '',
    pushes: [],
    created_at: '2026-01-01T00:00:00.000Z',
    ...change,
  };
}

export function workerView(change: Partial<WorkerView> = {}): WorkerView {
  return {
    id: '0a1b2c3d',
    name: 'worker-1',
    pool: 'default',
    state: 'ready',
    drain: null,
    capacity: 1000,
    held: 3,
    publications: 0,
    rtmp: '127.0.0.1:1935',
    http: '127.0.0.1:8081',
    version: '0.1.0',
    started_at: '2026-01-01T00:00:00.000Z',
    egress_bps: 8_000_000,
    event_loop_delay_ms: 1.25,
    beat_age_ms: 100,
    ...change,
  };
}
