import type { PushStatus, PushView, StreamView } from '@pushfleet/contract';
import { pushColumns, statusStyles } from '../push-table.ts';
import { count, formatAge, formatBitrate, formatBytes } from '../terminal/format.ts';
import { renderLine, type Span } from '../terminal/line.ts';
import type { Paint, Style } from '../terminal/style.ts';
import { type Column, renderTable } from '../terminal/table.ts';
import { workerColumns } from '../worker-table.ts';
import { addresses } from './addresses.ts';
import type { FleetState } from './fleet-state.ts';

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly paint: Paint;
  readonly nowMs: number;
}

const SECTION_ROWS = 8;

/** Addresses as text for output that scrolls. */
export const addressLines = (state: FleetState): string[] =>
  addresses(state).map(([name, text]) => `  ${name.padEnd(12)} ${text}`);

/** The picture that `up` shows: at most `height` lines of at most `width` cells. */
export function renderFleet(state: FleetState, frame: Frame): string[] {
  const top = [headline(state, frame), '', ...addressBlock(state, frame)];
  const workers = section(workerColumns(frame.nowMs), state.workers, frame);
  const streams = section(streamColumns(frame.nowMs), state.streams, frame);
  const receiver = receiverBlock(state, frame);
  const hint = '  Ctrl-C drains and stops; a second one stops at once.';
  const last = state.phase === 'stopped' ? [] : ['', renderLine([['dim', hint]], frame)];
  const room = (...blocks: string[][]): number => frame.height - blocks.reduce((sum, { length }) => sum + length, 0);

  // The pushes are what it is about: what does not leave them a few lines is left out.
  const wanted = Math.min(state.pushes.length + 2, 8);
  const blocks = [top, workers, streams, receiver, last];
  for (const expendable of [receiver, streams, workers, last]) {
    if (room(...blocks) < wanted) blocks.splice(blocks.indexOf(expendable), 1);
  }
  const pushes = pushBlock(state, frame, room(...blocks));
  const order = [top, workers, streams, pushes, receiver, last];
  return order.filter((block) => block === pushes || blocks.includes(block)).flat();
}

/** A table of the first few rows, with a line for those left out. */
function section<Row>(columns: readonly Column<Row>[], rows: readonly Row[], frame: Frame): string[] {
  if (rows.length === 0) return [];
  const rest = rows.length - SECTION_ROWS;
  const more = rest > 0 ? [frame.paint('dim', `  and ${rest} more`)] : [];
  return ['', ...renderTable(columns, rows.slice(0, SECTION_ROWS), frame), ...more];
}

function headline(state: FleetState, frame: Frame): string {
  return renderLine([['bold', 'Pushfleet'], ['plain', '  '], ...summary(state)], frame);
}

function summary({ phase, answering, answered, pushes, more, workers }: FleetState): Span[] {
  if (phase === 'stopping') return [['warning', 'stopping: the workers drain ...']];
  if (phase === 'stopped') return [['dim', 'has stopped; this is how it was']];
  if (!answering && answered) return [['bad', 'the scheduler does not answer; showing what it said last']];
  if (!answering) return [['dim', 'starting ...']];
  const total = more ? `more than ${pushes.length} pushes` : count(pushes.length, 'push', 'pushes');
  const tally = Map.groupBy(pushes, ({ status }) => status);
  const parts = (Object.keys(statusStyles) as PushStatus[])
    .filter((status) => tally.has(status))
    .map((status): Span => [statusStyles[status], `${tally.get(status)!.length} ${status}`]);
  return [['plain', `${count(workers.length, 'worker')}, ${total}`], ...parts.flatMap(withSeparator)];
}

const withSeparator = (span: Span, i: number): Span[] => [['plain', i === 0 ? ': ' : ', '], span];

function addressBlock(state: FleetState, frame: Frame): string[] {
  return addresses(state).map(([name, text]) => labelled(name, text, frame));
}

const labelled = (name: string, text: string, frame: Frame): string =>
  renderLine(
    [
      ['dim', `  ${name.padEnd(12)} `],
      ['plain', text],
    ],
    frame,
  );

function pushBlock(state: FleetState, frame: Frame, room: number): string[] {
  const { pushes, more } = state;
  const rows = room - 2;
  if (pushes.length === 0 || rows < 1) return [];
  const all = pushes.length <= rows && !more;
  const shown = all ? pushes : inTroubleFirst(pushes).slice(0, rows - 1);
  const table = renderTable(pushColumns(frame.nowMs), shown, frame);
  const rest = more ? 'and more' : `and ${pushes.length - shown.length} more`;
  return ['', ...table, ...(all ? [] : [frame.paint('dim', `  ${rest}: pushfleet ls`)])];
}

/** When not all can be seen, those that need a person are. */
function inTroubleFirst(pushes: readonly PushView[]): PushView[] {
  const order: PushStatus[] = ['error', 'retry', 'stalled', 'pending', 'starting', 'running', 'waiting', 'disabled'];
  return pushes.toSorted((a, b) => order.indexOf(a.status) - order.indexOf(b.status));
}

const streamStyles: Readonly<Record<StreamView['status'], Style>> = {
  running: 'good',
  waiting: 'dim',
  disabled: 'paused',
};

const streamColumns = (nowMs: number): Column<StreamView>[] => [
  { title: 'STREAM', cell: ({ name }) => name, minWidth: 8 },
  { title: 'STATUS', cell: ({ status }) => ({ text: status, style: streamStyles[status] }) },
  { title: 'INPUT', cell: ({ inputs }) => inputs.join(' '), minWidth: 16 },
  { title: 'PUBLISHER', cell: ({ source }) => source?.publisher ?? '', expendable: 1 },
  { title: 'LIVE FOR', cell: ({ source }) => formatAge(source?.since ?? null, nowMs), align: 'right', expendable: 2 },
];

function receiverBlock({ received }: FleetState, frame: Frame): string[] {
  if (received === undefined) return [];
  const parts = received.map(
    ({ name, bytes, bitrateBps }) =>
      `${name} ${formatBytes(bytes) || '0 B'} at ${formatBitrate(bitrateBps) || '0 b/s'}`,
  );
  return ['', labelled('Received', parts.join(', ') || 'nothing yet', frame)];
}
