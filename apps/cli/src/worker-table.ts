import type { WorkerView } from '@pushfleet/contract';
import { formatAge, formatBitrate } from './terminal/format.ts';
import type { Style } from './terminal/style.ts';
import type { Cell, Column } from './terminal/table.ts';

const stateStyles: Readonly<Record<WorkerView['state'], Style>> = {
  ready: 'good',
  draining: 'warning',
  drained: 'warning',
  lost: 'bad',
};

/** A worker that is full goes on with what it has: no fault, but worth a look. */
const stateCell = ({ state, full_cause }: WorkerView): Cell =>
  state === 'ready' && full_cause !== null
    ? { text: 'full', style: 'warning' }
    : { text: state, style: stateStyles[state] };

const labelsCell = ({ labels }: WorkerView): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');

/** What to show of workers, from left to right. */
export function workerColumns(nowMs: number): Column<WorkerView>[] {
  return [
    { title: 'WORKER', cell: ({ name }) => name, minWidth: 8 },
    { title: 'POOL', cell: ({ pool }) => pool, expendable: 2 },
    { title: 'STATE', cell: stateCell },
    { title: 'PUSHES', cell: ({ held, capacity }) => `${held}/${capacity}`, align: 'right' },
    { title: 'EGRESS', cell: ({ egress_bps }) => formatBitrate(egress_bps), align: 'right' },
    { title: 'CPU', cell: ({ cpu_percent }) => `${Math.round(cpu_percent)} %`, align: 'right', expendable: 4 },
    { title: 'STREAMS IN', cell: ({ publications }) => `${publications}`, align: 'right', expendable: 6 },
    { title: 'LOOP DELAY', cell: (it) => `${it.event_loop_delay_ms.toFixed(1)} ms`, align: 'right', expendable: 4 },
    { title: 'UP', cell: ({ started_at }) => formatAge(started_at, nowMs), align: 'right', expendable: 3 },
    { title: 'FULL', cell: ({ full }) => ({ text: full, style: 'warning' }), minWidth: 12, expendable: 2 },
    { title: 'LABELS', cell: labelsCell, minWidth: 8, expendable: 3 },
    { title: 'RTMP', cell: ({ rtmp }) => rtmp, expendable: 1 },
    { title: 'HTTP', cell: ({ http }) => http, expendable: 1 },
    { title: 'ID', cell: ({ id }) => ({ text: id, style: 'dim' }), minWidth: 8, expendable: 5 },
  ];
}
