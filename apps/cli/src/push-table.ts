import type { PushStatus, PushView } from '@pushfleet/contract';
import { formatAge, formatBitrate, formatBytes, formatCountdown, formatRetries } from './terminal/format.ts';
import type { Style } from './terminal/style.ts';
import type { Column } from './terminal/table.ts';

/** The colours of the dashboard. */
export const statusStyles: Readonly<Record<PushStatus, Style>> = {
  pending: 'dim',
  starting: 'busy',
  running: 'good',
  stalled: 'warning',
  waiting: 'dim',
  retry: 'warning',
  error: 'bad',
  disabled: 'paused',
};

/** Why the push is not running, in words; empty when its status says it all. */
export function reasonOf(push: PushView): string {
  if (push.reason !== '') return push.reason;
  const failed = push.status === 'retry' || push.status === 'error';
  return failed ? (push.last_error?.message ?? '') : '';
}

/** What to show of pushes, from left to right; what a narrow terminal drops first has the highest `expendable`. */
export function pushColumns(nowMs: number): Column<PushView>[] {
  return [
    { title: 'ID', cell: ({ id }) => ({ text: id, style: 'dim' }), minWidth: 8, expendable: 7 },
    { title: 'STREAM', cell: ({ stream }) => stream, minWidth: 8 },
    { title: 'TARGET', cell: ({ url }) => url, minWidth: 24 },
    { title: 'STATUS', cell: ({ status }) => ({ text: status, style: statusStyles[status] }) },
    { title: 'BITRATE', cell: ({ bitrate_bps }) => formatBitrate(bitrate_bps), align: 'right' },
    { title: 'SENT', cell: ({ bytes }) => formatBytes(bytes), align: 'right', expendable: 5 },
    { title: 'UP', cell: ({ connected_at }) => formatAge(connected_at, nowMs), align: 'right', expendable: 6 },
    {
      title: 'RETRIES',
      cell: (push) => formatRetries(push.failures_in_a_row, push.retry_limit),
      align: 'right',
      expendable: 2,
    },
    { title: 'NEXT', cell: ({ next_retry_at }) => formatCountdown(next_retry_at, nowMs), expendable: 3 },
    { title: 'WORKER', cell: ({ worker }) => worker ?? '', minWidth: 6, expendable: 4 },
    { title: 'REASON', cell: (push) => ({ text: reasonOf(push), style: 'dim' }), minWidth: 20, expendable: 1 },
  ];
}

/** One line about a push whose status has changed, for output that cannot be redrawn. */
export function describePush(push: PushView, nowMs: number): { readonly text: string; readonly style: Style } {
  const retries = formatRetries(push.failures_in_a_row, push.retry_limit);
  const next = formatCountdown(push.next_retry_at, nowMs);
  const holder = push.worker === null ? '' : `on ${push.worker}`;
  const details: Readonly<Record<PushStatus, string[]>> = {
    pending: [],
    starting: [holder],
    running: [holder],
    stalled: [holder],
    waiting: [holder],
    retry: [retries, next],
    error: retries === '' ? [] : [`after ${retries} attempts`],
    disabled: [],
  };
  const status = [push.status, ...details[push.status]].filter(Boolean).join(' ');
  const reason = reasonOf(push);
  const text = `${push.stream} [${push.id}] -> ${push.url}: ${status}${reason && `: ${reason}`}`;
  return { text, style: statusStyles[push.status] };
}

/** Tells which pushes say something new since the last look. */
export class PushChanges {
  #seen = new Map<string, string>();

  /** `pushes`: all of them. Those whose status or count of failures has changed, and the ids of those that are gone. */
  update(pushes: readonly PushView[]): { readonly changed: PushView[]; readonly gone: string[] } {
    const now = new Map(pushes.map((push) => [push.id, `${push.status} ${push.failures_in_a_row}`]));
    const changed = pushes.filter(({ id }) => now.get(id) !== this.#seen.get(id));
    const gone = [...this.#seen.keys()].filter((id) => !now.has(id));
    this.#seen = now;
    return { changed, gone };
  }
}
