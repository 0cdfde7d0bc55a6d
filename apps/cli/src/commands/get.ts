import type { JournalEntry, PushView } from '@pushfleet/contract';
import type { Command } from 'commander';
import { findPush } from '../api/find-push.ts';
import { type Context, widthOf, writeJson, writeLines } from '../context.ts';
import { reasonOf, statusStyles } from '../push-table.ts';
import { count, formatAge, formatBitrate, formatBytes, formatCountdown, formatDuration } from '../terminal/format.ts';
import { type Column, renderTable } from '../terminal/table.ts';
import { printable } from '../terminal/width.ts';
import { connect, operatorCommand, staleBanner } from './operator.ts';

const ATTEMPTS_SHOWN = 10;

export function addGet(program: Command, context: Context): void {
  operatorCommand(program, 'get', 'show one push with its last attempts')
    .argument('<id>', 'id of the push, or its beginning')
    .action(async (id: string, options: { json?: true }) => {
      const api = connect(context);
      const push = await findPush(api, id);
      writeLines(context.stderr, staleBanner(api, Date.now()));
      if (options.json) return writeJson(context.stdout, push);
      const attempts = await api.attempts(push.id);
      writeLines(context.stdout, describe(push, context, Date.now()));
      writeLines(context.stdout, journal(attempts, context));
    });
}

/** A line for each thing that there is to say. */
function describe(push: PushView, { paint }: Context, nowMs: number): string[] {
  const facts: [string, string][] = [
    ['Push', push.id],
    ['Stream', push.stream],
    ['Target', push.url],
    ['Status', paint(statusStyles[push.status], push.status)],
    ['Reason', printable(reasonOf(push))],
    ['Next attempt', formatCountdown(push.next_retry_at, nowMs)],
    ['Paused', push.paused === null ? '' : `by ${push.paused.by}, ${formatAge(push.paused.at, nowMs)} ago`],
    ['Options', options(push)],
    ['Comment', printable(push.comment)],
    [
      'Labels',
      Object.entries(push.labels)
        .map(([name, value]) => printable(`${name}=${value}`))
        .join(' '),
    ],
    ['Origin', `${push.origin}, revision ${push.revision}`],
    ['Worker', push.worker ?? ''],
    ['Peer', push.peer],
    ['Connected', push.connected_at === null ? '' : `${formatAge(push.connected_at, nowMs)} ago`],
    ['Sent', sent(push)],
    [
      'Behind live',
      push.status === 'running' ? `${push.lag_ms} ms, ${formatBytes(push.queue_bytes) || '0 B'} queued` : '',
    ],
    ['Dropped', push.dropped_frames === 0 ? '' : count(push.dropped_frames, 'frame')],
    ['Retries', push.retries_total === 0 ? '' : `${push.failures_in_a_row} in a row, ${push.retries_total} in all`],
    [
      'Causes',
      Object.entries(push.errors)
        .map(([code, times]) => `${code} ${times}`)
        .join(', '),
    ],
    ['Last error', lastError(push, nowMs)],
  ];
  return facts.filter(([, text]) => text !== '').map(([name, text]) => `  ${paint('dim', name.padEnd(13))} ${text}`);
}

function options(push: PushView): string {
  const { retry_timeout, retry_limit, timeout, connect_timeout, pool } = push;
  const given = { retry_timeout, retry_limit: retry_limit ?? 'endless', timeout, connect_timeout, pool };
  const entries = Object.entries({ ...given, ...delivery(push) }).filter(([, value]) => value !== null);
  return entries.map(([name, value]) => `${name}=${value}`).join(' ') + (push.disabled ? ' disabled' : '');
}

/** What concerns the way of delivery, as far as it is not as usual. */
function delivery({ hls_profile, hls_method, hls_delete, s3_region, headers }: PushView) {
  return {
    ...(hls_profile !== 'auto' && { hls_profile }),
    ...(hls_method !== 'put' && { hls_method }),
    hls_delete,
    ...(s3_region !== '' && { s3_region }),
    ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [`header.${name}`, value])),
  };
}

function sent({ bytes, bytes_total, bitrate_bps }: PushView): string {
  if (bytes_total === 0) return '';
  return [
    `${formatBytes(bytes) || '0 B'} in this session`,
    `${formatBytes(bytes_total)} in all`,
    formatBitrate(bitrate_bps),
  ]
    .filter(Boolean)
    .join(', ');
}

function lastError({ last_error: error }: PushView, nowMs: number): string {
  if (error === null) return '';
  const peer = error.peer && ` from ${error.peer}`;
  return printable(`${error.message} (${error.code})${peer}, ${formatAge(error.at, nowMs)} ago`);
}

/** The last attempts, newest first. */
function journal(attempts: readonly JournalEntry[], { stdout, paint }: Context): string[] {
  const columns: Column<JournalEntry>[] = [
    { title: 'STARTED', cell: ({ started_at }) => started_at },
    {
      title: 'LASTED',
      cell: (it) => formatDuration(Date.parse(it.ended_at) - Date.parse(it.started_at)),
      align: 'right',
    },
    { title: 'WORKER', cell: ({ worker }) => worker, expendable: 1 },
    { title: 'PEER', cell: ({ peer }) => peer, expendable: 2 },
    { title: 'SENT', cell: ({ bytes }) => formatBytes(bytes), align: 'right' },
    { title: 'CAUSE', cell: ({ cause, failed }) => ({ text: cause, style: failed ? 'warning' : 'plain' }) },
    { title: 'MESSAGE', cell: ({ message }) => ({ text: message, style: 'dim' }), minWidth: 12 },
  ];
  const rows = attempts.slice(0, ATTEMPTS_SHOWN);
  return rows.length === 0 ? [] : ['', ...renderTable(columns, rows, { width: widthOf(stdout), paint })];
}
