import {
  type DesiredPush,
  type DesiredStream,
  isEnabled,
  type LastError,
  type PushReport,
  type PushStatus,
  type PushView,
} from '@pushfleet/contract';
import { type PublishErrorCode, publishErrors } from '@pushfleet/protocols';
import type { FleetMember } from '../fleet/fleet-member.ts';
import { whyPending } from '../fleet/why-pending.ts';
import { optionsOf, restsInError, shownHeaders, shownUrl } from '../push/derived.ts';

/** What the status of one push follows from. */
export interface PushFacts {
  readonly push: DesiredPush;
  readonly stream: DesiredStream | undefined;
  /** Undefined when nobody has spoken for the push lately. */
  readonly report: PushReport | undefined;
  readonly workers: readonly FleetMember[];
}

/** A report of `retry` speaks for the push until the next attempt is due, and this long for a worker to take it up. */
const TAKE_UP_MS = 10_000;

/** What is true of a push now, and why. Pure; `nowMs` is Date.now(). */
export function projectStatus(
  facts: PushFacts,
  nowMs: number,
): { readonly status: PushStatus; readonly reason: string } {
  const { push, stream, report, workers } = facts;
  const enabled = isEnabled(push, stream);
  if (report !== undefined && speaks(report, facts, enabled, nowMs))
    return { status: report.status, reason: report.reason };
  if (!enabled) return { status: 'disabled', reason: whyDisabled(push, stream) };
  if (restsInError(push)) return { status: 'error', reason: '' };
  if (report?.status === 'error' && report.revision === push.revision)
    return { status: 'error', reason: report.reason };
  return { status: 'pending', reason: whyPending(optionsOf(push).pool, workers) };
}

/** The view of the API. `counters`: the push's counter hash. */
export function projectPush(facts: PushFacts, counters: Readonly<Record<string, string>>, nowMs: number): PushView {
  const { push, stream, report } = facts;
  const { status, reason } = projectStatus(facts, nowMs);
  const options = optionsOf(push);
  const isHeld = status !== 'pending' && status !== 'disabled' && status !== 'error';
  // A session that is over has no rate, no queue and no lag, whatever its last report said.
  const session = isHeld && status !== 'retry' ? report : undefined;
  return {
    id: push.id,
    stream: push.stream,
    url: shownUrl(push),
    protocol: push.url.slice(0, Math.max(push.url.indexOf(':'), 0)).toLowerCase(),
    desired: isEnabled(push, stream) ? 'enabled' : 'disabled',
    status,
    reason,
    origin: push.origin,
    revision: push.revision,
    paused: push.override?.disabled === true ? { by: push.override.by, at: push.override.at } : null,
    retry_timeout: options.retryTimeoutMs / 1000,
    retry_limit: options.retryLimit,
    disabled: options.disabled,
    timeout: options.timeoutMs === null ? null : options.timeoutMs / 1000,
    connect_timeout: options.connectTimeoutMs / 1000,
    comment: options.comment,
    pool: options.pool,
    labels: options.labels,
    hls_profile: options.hlsProfile,
    hls_method: options.hlsMethod,
    hls_delete: options.hlsDelete ?? null,
    headers: shownHeaders(push),
    s3_region: options.s3Region,
    worker: isHeld ? (report?.worker ?? null) : null,
    attempt: report?.attempt ?? 0,
    failures_in_a_row: usedUpLimit(status, push) ?? report?.failures_in_a_row ?? 0,
    retries_total: Number(counters.retries_total ?? 0),
    opened_at: session?.opened_at ?? null,
    connected_at: session?.connected_at ?? null,
    bytes: report?.bytes ?? 0,
    bytes_total: Math.max(Number(counters.bytes_total ?? 0), report?.bytes ?? 0),
    bitrate_bps: session?.bitrate_bps ?? 0,
    frames: report?.frames ?? 0,
    dropped_frames: report?.dropped_frames ?? 0,
    lag_ms: session?.lag_ms ?? 0,
    queue_bytes: session?.queue_bytes ?? 0,
    peer: session?.peer ?? '',
    last_error: lastError(push, report),
    next_retry_at: status === 'retry' ? (report?.next_retry_at ?? null) : null,
    errors: errorCounts(counters),
    created_at: push.createdAt,
  };
}

/** All failures that are allowed, for a push that has given up after them; its reports are gone by then. */
function usedUpLimit(status: PushStatus, push: DesiredPush): number | null {
  if (status !== 'error' || push.error === null) return null;
  const isFinal = publishErrors[push.error.code as PublishErrorCode]?.retry === 'never';
  return isFinal ? null : optionsOf(push).retryLimit;
}

/**
 * Whether the report tells the status. A holder that lives speaks for its push until it has let go, even when the push is already
 * paused. A `retry` has no holder, so it stands only for the push as it is wanted now.
 */
function speaks(report: PushReport, { push, workers }: PushFacts, enabled: boolean, nowMs: number): boolean {
  if (report.status === 'error' || restsInError(push)) return false;
  if (report.status !== 'retry') return workers.some(({ name, state }) => name === report.worker && state !== 'lost');
  const dueMs = report.next_retry_at === null ? nowMs : Date.parse(report.next_retry_at);
  return enabled && report.revision === push.revision && nowMs < dueMs + TAKE_UP_MS;
}

function whyDisabled(push: DesiredPush, stream: DesiredStream | undefined): string {
  if (push.override?.disabled === true) return `paused by ${push.override.by}`;
  if (stream === undefined || stream.removed) return `there is no stream '${push.stream}'`;
  if (stream.spec.disabled === true) return 'the stream is disabled';
  return 'disabled in its options';
}

function lastError(push: DesiredPush, report: PushReport | undefined): LastError | null {
  if (report?.last_error) return report.last_error;
  if (push.error === null) return null;
  const { code, message, at } = push.error;
  return { code, message, at, peer: '' };
}

/** See `errorCounter` of the contract. */
function errorCounts(counters: Readonly<Record<string, string>>): Record<string, number> {
  const causes = Object.entries(counters).filter(([name]) => name.startsWith('errors_'));
  return Object.fromEntries(causes.map(([name, count]) => [name.slice('errors_'.length), Number(count)]));
}
