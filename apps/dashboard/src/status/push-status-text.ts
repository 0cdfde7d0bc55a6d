import type { PushRow } from '@pushfleet/contract/live';
import { formatCountdown } from '../format/time.ts';

type StatusFields = Pick<PushRow, 'status' | 'next_retry_at' | 'failures_in_a_row' | 'retry_limit'>;

/**
 * What stands behind the word of a status: `in 4 s · 3 of 5` for a push that will try again, `5 of 5` for one that has given up. Empty
 * when there is nothing to add. `nowMs`: the scheduler's clock.
 */
export function statusDetail(
  { status, next_retry_at, failures_in_a_row, retry_limit }: StatusFields,
  nowMs: number,
): string {
  if (status === 'retry') {
    const ahead = next_retry_at === null ? undefined : Date.parse(next_retry_at) - nowMs;
    const when = ahead === undefined ? '' : ahead <= 0 ? 'now' : `in ${formatCountdown(ahead)}`;
    return [when, budget(failures_in_a_row, retry_limit)].filter(Boolean).join(' · ');
  }
  if (status === 'error' || status === 'starting')
    return failures_in_a_row > 0 ? budget(failures_in_a_row, retry_limit) : '';
  return '';
}

/** Failures in a row of those that are allowed. */
const budget = (failures: number, limit: number | null): string =>
  limit === null ? `failure ${failures}` : `${failures} of ${limit}`;

type ReasonFields = Pick<PushRow, 'status' | 'reason' | 'last_error' | 'paused'>;

/** Why a push is as it is, in one sentence; empty while all is well. */
export function statusReason({ status, reason, last_error, paused }: ReasonFields): string {
  if (status === 'running') return '';
  if (status === 'disabled' && paused !== null) return reason || `Paused by ${paused.by}.`;
  if (status === 'retry' || status === 'error') return last_error?.message || reason;
  return reason;
}
