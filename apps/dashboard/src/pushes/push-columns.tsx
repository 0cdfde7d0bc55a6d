import type { PushRow } from '@pushfleet/contract/live';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { formatBitrate, formatBytes, formatCount } from '../format/bitrate.ts';
import { formatLag } from '../format/time.ts';
import { liveStore } from '../live/live-store.ts';
import { Retries, Uptime } from '../push/push-figures.tsx';
import { PushUrl } from '../push/push-url.tsx';
import { streamPath } from '../shell/routes.ts';
import { byAttention } from '../status/push-status.ts';
import { statusReason } from '../status/push-status-text.ts';
import { StatusLabel } from '../status/status-label.tsx';
import styles from './pushes.module.css';

export interface PushColumnSpec {
  readonly id: string;
  readonly title: string;
  /** For `grid-template-columns`. */
  readonly width: string;
  readonly isNumber?: boolean;
  /** Shown until somebody chooses. */
  readonly isShown: boolean;
  readonly cell: (push: PushRow) => ReactNode;
  readonly compare: (a: PushRow, b: PushRow) => number;
}

const byText = (read: (push: PushRow) => string) => (a: PushRow, b: PushRow) =>
  read(a) < read(b) ? -1 : read(a) > read(b) ? 1 : 0;
const byNumber = (read: (push: PushRow) => number) => (a: PushRow, b: PushRow) => read(a) - read(b);
const meanOf = ({ id }: PushRow): number => liveStore.metrics.meanBitrateBps(id) ?? 0;

/** Everything that the flat list can show of a push, in the order of its columns. */
export const pushColumns: readonly PushColumnSpec[] = [
  {
    id: 'stream',
    title: 'Stream',
    width: 'minmax(110px, 1fr)',
    isShown: true,
    cell: ({ stream }) => (
      <Link href={streamPath(stream, 'output')} className={styles.stream}>
        {stream}
      </Link>
    ),
    compare: byText(({ stream }) => stream),
  },
  {
    id: 'target',
    title: 'Target',
    width: 'minmax(220px, 2.4fr)',
    isShown: true,
    cell: (push) => <PushUrl push={push} />,
    compare: byText(({ host, url }) => `${host} ${url}`),
  },
  {
    id: 'status',
    title: 'Status',
    width: '200px',
    isShown: true,
    cell: (push) => <StatusLabel {...push} />,
    compare: (a, b) => byAttention(a.status, b.status),
  },
  {
    id: 'bitrate',
    title: 'Bitrate',
    width: '82px',
    isNumber: true,
    isShown: true,
    cell: ({ bitrate_bps }) => <b className={styles.strong}>{formatBitrate(bitrate_bps)}</b>,
    compare: byNumber(({ bitrate_bps }) => bitrate_bps),
  },
  {
    id: 'bitrate-1m',
    title: '1 min',
    width: '82px',
    isNumber: true,
    isShown: false,
    cell: (push) => formatBitrate(meanOf(push)),
    compare: byNumber(meanOf),
  },
  {
    id: 'uptime',
    title: 'Uptime',
    width: '84px',
    isNumber: true,
    isShown: true,
    cell: (push) => <Uptime {...push} />,
    // The longest first when it goes downwards, as with every other number.
    compare: byNumber(({ connected_at }) =>
      connected_at === null ? Number.NEGATIVE_INFINITY : -Date.parse(connected_at),
    ),
  },
  {
    id: 'retries',
    title: 'Retries',
    width: '66px',
    isNumber: true,
    isShown: true,
    cell: (push) => <Retries {...push} />,
    compare: byNumber(({ failures_in_a_row }) => failures_in_a_row),
  },
  {
    id: 'worker',
    title: 'Worker',
    width: 'minmax(76px, 0.6fr)',
    isShown: true,
    cell: ({ worker }) => worker ?? '–',
    compare: byText(({ worker }) => worker ?? ''),
  },
  {
    id: 'reason',
    title: 'Reason',
    width: 'minmax(120px, 2fr)',
    isShown: true,
    cell: (push) => {
      const reason = statusReason(push);
      return (
        <span className={styles.reason} data-status={push.status} title={reason}>
          {reason}
        </span>
      );
    },
    compare: byText((push) => statusReason(push)),
  },
  {
    id: 'lag',
    title: 'Lag',
    width: '70px',
    isNumber: true,
    isShown: false,
    cell: ({ status, lag_ms }) => (status === 'running' || status === 'stalled' ? formatLag(lag_ms) : '–'),
    compare: byNumber(({ lag_ms }) => lag_ms),
  },
  {
    id: 'dropped',
    title: 'Dropped',
    width: '74px',
    isNumber: true,
    isShown: false,
    cell: ({ dropped_frames }) => formatCount(dropped_frames),
    compare: byNumber(({ dropped_frames }) => dropped_frames),
  },
  {
    id: 'queue',
    title: 'Queue',
    width: '78px',
    isNumber: true,
    isShown: false,
    cell: ({ queue_bytes }) => formatBytes(queue_bytes),
    compare: byNumber(({ queue_bytes }) => queue_bytes),
  },
  {
    id: 'sent',
    title: 'Sent',
    width: '78px',
    isNumber: true,
    isShown: false,
    cell: ({ bytes }) => formatBytes(bytes),
    compare: byNumber(({ bytes }) => bytes),
  },
  {
    id: 'pool',
    title: 'Pool',
    width: '80px',
    isShown: false,
    cell: ({ pool }) => pool,
    compare: byText(({ pool }) => pool),
  },
  {
    id: 'origin',
    title: 'Origin',
    width: '64px',
    isShown: false,
    cell: ({ origin }) => origin,
    compare: byText(({ origin }) => origin),
  },
  {
    id: 'comment',
    title: 'Comment',
    width: 'minmax(90px, 1fr)',
    isShown: false,
    cell: ({ comment }) => comment,
    compare: byText(({ comment }) => comment),
  },
];
