import {
  Keys,
  type LiveSnapshot,
  type PushReport,
  pushRow,
  REPORT_TTL_MS,
  storedReport,
  type WorkerRecord,
} from '@pushfleet/contract';
import { Redis } from 'ioredis';
import { request } from 'undici';

/** As long as nothing else is asked for. */
const BEAT_AHEAD_MS = 3_600_000;
const BATCH = 1_000;

/** Says of pushes and workers in Redis what workers would: for a page that shows more pushes than this machine could send. */
export class SimulatedReports {
  readonly #redis: Redis;
  readonly #keys = new Keys();
  readonly #api: string;
  #timer: NodeJS.Timeout | undefined;

  /** `api`: URL of the scheduler. */
  constructor(redisUrl: string, api: string) {
    this.#redis = new Redis(redisUrl);
    this.#api = api;
  }

  get redis(): Redis {
    return this.#redis;
  }

  get keys(): Keys {
    return this.#keys;
  }

  async addWorkers(workers: readonly WorkerRecord[]): Promise<void> {
    const [seconds] = await this.#redis.time();
    for (const worker of workers) {
      await this.#redis.zadd(this.#keys.beats, Number(seconds) * 1_000 + BEAT_AHEAD_MS, worker.id);
      await this.#redis.hset(this.#keys.workers, worker.id, JSON.stringify(worker));
    }
  }

  /** The pushes as the scheduler knows them. */
  async pushes() {
    const { body } = await request(`${this.#api}/api/v1/live`);
    const { pushes } = (await body.json()) as LiveSnapshot;
    return pushes.map(pushRow);
  }

  /** Writes all reports at once. */
  async write(reports: readonly PushReport[]): Promise<void> {
    const [seconds] = await this.#redis.time();
    const untilMs = Number(seconds) * 1_000 + REPORT_TTL_MS;
    for (let start = 0; start < reports.length; start += BATCH) {
      const stored = reports
        .slice(start, start + BATCH)
        .flatMap((report) => [report.push, storedReport(report, untilMs)]);
      await this.#redis.hset(this.#keys.reports, ...stored);
    }
  }

  /** Writes what `reports` gives, once a second, until `stop`. */
  keepWriting(reports: () => readonly PushReport[]): void {
    let isWriting = false;
    this.#timer = setInterval(async () => {
      if (isWriting) return;
      isWriting = true;
      await this.write(reports());
      isWriting = false;
    }, 1_000);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#redis.disconnect();
  }
}

export function simulatedWorker(name: string, more: Partial<WorkerRecord> = {}): WorkerRecord {
  return {
    id: `${name}-process`,
    name,
    pool: 'default',
    capacity: 5_000,
    held: 0,
    state: 'ready',
    fullCause: null,
    full: '',
    labels: {},
    rtmp: '127.0.0.1:1935',
    http: '',
    version: '0.1.0',
    startedAt: new Date(Date.now() - 86_400_000).toISOString(),
    egressBps: 0,
    cpuPercent: 12,
    eventLoopDelayMs: 11,
    ...more,
  };
}

export function simulatedReport(push: string, worker: string, more: Partial<PushReport> = {}): PushReport {
  return {
    push,
    revision: 1,
    status: 'running',
    reason: '',
    worker,
    attempt: 1,
    failures_in_a_row: 0,
    opened_at: new Date(Date.now() - 3_600_500).toISOString(),
    connected_at: new Date(Date.now() - 3_600_000).toISOString(),
    bytes: 0,
    bitrate_bps: 0,
    frames: 0,
    dropped_frames: 0,
    lag_ms: 0,
    queue_bytes: 0,
    peer: '192.0.2.1:1935',
    last_error: null,
    next_retry_at: null,
    reported_at: new Date().toISOString(),
    ...more,
  };
}
