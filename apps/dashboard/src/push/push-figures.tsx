import type { PushRow } from '@pushfleet/contract/live';
import { formatAbsolute, formatAgo, formatUptime } from '../format/time.ts';
import { useClock } from '../live/clock.ts';

type SessionFields = Pick<PushRow, 'status' | 'connected_at'>;

/** How long the target has been connected; a dash without a connection. */
export function Uptime({ status, connected_at }: SessionFields) {
  const since =
    connected_at === null || (status !== 'running' && status !== 'stalled') ? undefined : Date.parse(connected_at);
  const text = useClock((nowMs) => (since === undefined ? '–' : formatUptime(nowMs - since)));
  return <span title={since === undefined ? undefined : `Connected ${formatAbsolute(since)}`}>{text}</span>;
}

/** `3 min ago`; hovering over it gives the moment itself. */
export function Ago({ at }: { readonly at: string }) {
  const atMs = Date.parse(at);
  const text = useClock((nowMs) => formatAgo(nowMs - atMs));
  return (
    <time dateTime={at} title={formatAbsolute(atMs)}>
      {text}
    </time>
  );
}

type RetryFields = Pick<PushRow, 'failures_in_a_row' | 'retry_limit' | 'retries_total'>;

/** `3/5`: failures in a row of those allowed, `3/∞` without a limit. */
export function Retries({ failures_in_a_row, retry_limit, retries_total }: RetryFields) {
  return (
    <span title={`${failures_in_a_row} failed in a row, ${retries_total} retries in all`}>
      {failures_in_a_row}/{retry_limit ?? '∞'}
    </span>
  );
}
