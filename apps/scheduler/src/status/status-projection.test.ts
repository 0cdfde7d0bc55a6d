import { describe, expect, it } from 'vitest';
import { type FleetMember, fleetMember } from '../fleet/fleet-member.ts';
import { desiredPush, desiredStream } from '../testing/desired.ts';
import { pushReport, workerRecord } from '../testing/records.ts';
import { type PushFacts, projectPush, projectStatus } from './status-projection.ts';

const nowMs = Date.parse('2026-02-03T04:05:06.000Z');
const inMs = (ms: number): string => new Date(nowMs + ms).toISOString();
const worker = (changes: Parameters<typeof workerRecord>[0] = {}, beatAgeMs = 300): FleetMember =>
  fleetMember(workerRecord(changes), nowMs - beatAgeMs, nowMs);
const report = (changes: Partial<Parameters<typeof pushReport>[0]> = {}) =>
  pushReport({ push: 'p1', revision: 5, ...changes });
const facts = (changes: Partial<PushFacts> = {}): PushFacts => ({
  push: desiredPush(),
  stream: desiredStream(),
  report: undefined,
  workers: [worker()],
  ...changes,
});
const paused = desiredPush({ override: { disabled: true, by: 'api', at: inMs(0) } });
const resting = desiredPush({ error: { code: 'dns', message: 'No such host.', at: inMs(-9000), revision: 5 } });

describe('projectStatus', () => {
  it.each<[name: string, Partial<PushFacts>, status: string, reason: string]>([
    [
      'believes the holder',
      { report: report({ status: 'stalled', reason: 'silent source' }) },
      'stalled',
      'silent source',
    ],
    ['believes the holder of a paused push until it has let go', { push: paused, report: report() }, 'running', ''],
    ['believes a holder that still acts on an older revision', { report: report({ revision: 4 }) }, 'running', ''],
    [
      'does not believe a holder that has died',
      { report: report(), workers: [worker({}, 9000)] },
      'pending',
      "no worker in pool 'default'",
    ],
    [
      'does not believe a holder that has left',
      { report: report({ worker: 'gone' }) },
      'pending',
      'not yet taken by a worker',
    ],
    ['shows a retry until it is due', { report: report({ status: 'retry', next_retry_at: inMs(3000) }) }, 'retry', ''],
    [
      'shows a retry until a worker can have taken it',
      { report: report({ status: 'retry', next_retry_at: inMs(-9000) }) },
      'retry',
      '',
    ],
    [
      'forgets a retry that nobody takes',
      { report: report({ status: 'retry', next_retry_at: inMs(-11_000) }) },
      'pending',
      'not yet taken by a worker',
    ],
    [
      'forgets the retry of an older revision',
      { report: report({ status: 'retry', revision: 4, next_retry_at: inMs(3000) }) },
      'pending',
      'not yet taken by a worker',
    ],
    [
      'forgets the retry of a paused push',
      { push: paused, report: report({ status: 'retry', next_retry_at: inMs(3000) }) },
      'disabled',
      'paused by api',
    ],
    ['says by whom a push is paused', { push: paused }, 'disabled', 'paused by api'],
    [
      'says when the option disables it',
      { push: desiredPush({ options: { disabled: true } }) },
      'disabled',
      'disabled in its options',
    ],
    [
      'says when its stream is disabled',
      { stream: desiredStream({ spec: { disabled: true } }) },
      'disabled',
      'the stream is disabled',
    ],
    ['says when its stream is not there', { stream: undefined }, 'disabled', "there is no stream 'news'"],
    ['shows a resting error', { push: resting }, 'error', ''],
    [
      'shows an error at once, before the reconciler has seen the failed job',
      { report: report({ status: 'error' }) },
      'error',
      '',
    ],
    [
      'forgets the error of an older revision',
      { report: report({ status: 'error', revision: 4 }) },
      'pending',
      'not yet taken by a worker',
    ],
    [
      'shows a paused push as paused whatever its last error was',
      { push: { ...resting, override: paused.override } },
      'disabled',
      'paused by api',
    ],
    [
      'waits for a worker of the pool',
      { workers: [worker({ pool: 'other' })] },
      'pending',
      "no worker in pool 'default'",
    ],
  ])('%s', (_name, changes, status, reason) => {
    expect(projectStatus(facts(changes), nowMs)).toEqual({ status, reason });
  });
});

describe('projectPush', () => {
  it('shows URL without its secret, options with their defaults, and counters', () => {
    const push = desiredPush({ options: { retry_limit: 3, timeout: 10 } });
    const counters = { bytes_total: '5000', retries_total: '2', errors_dns: '1', errors_connect_refused: '1' };
    const view = projectPush(facts({ push, report: report() }), counters, nowMs);
    expect(view).toMatchObject({
      url: 'rtmp://a.example.com/live/***1234',
      protocol: 'rtmp',
      desired: 'enabled',
      status: 'running',
      retry_timeout: 5,
      retry_limit: 3,
      timeout: 10,
      connect_timeout: 5,
      pool: 'default',
      worker: 'worker-1',
      bytes: 1000,
      bytes_total: 5000,
      bitrate_bps: 4_000_000,
      retries_total: 2,
      errors: { dns: 1, connect_refused: 1 },
    });
    expect(JSON.stringify(view)).not.toContain('secret-stream-key');
  });

  it('shows no rate, queue and peer of a session that is over', () => {
    const over = report({ status: 'retry', next_retry_at: inMs(3000), failures_in_a_row: 2 });
    expect(projectPush(facts({ report: over }), {}, nowMs)).toMatchObject({
      status: 'retry',
      next_retry_at: inMs(3000),
      failures_in_a_row: 2,
      connected_at: null,
      bitrate_bps: 0,
      queue_bytes: 0,
      peer: '',
    });
  });

  it('tells the error in which a push rests after its last report has expired', () => {
    const { last_error, worker: holder } = projectPush(facts({ push: resting }), {}, nowMs);
    expect(last_error).toEqual({ code: 'dns', message: 'No such host.', at: inMs(-9000), peer: '' });
    expect(holder).toBeNull();
  });

  it('tells how many failures have used the limit up, and none of an error that is final at once', () => {
    const limited = { ...resting, options: { retry_limit: 3 } };
    const final = { ...limited, error: { ...resting.error!, code: 'blocked_address' } };
    expect(projectPush(facts({ push: limited }), {}, nowMs).failures_in_a_row).toBe(3);
    expect(projectPush(facts({ push: final }), {}, nowMs).failures_in_a_row).toBe(0);
  });
});
