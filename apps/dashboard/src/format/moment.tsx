import { useClock } from '../live/clock.ts';
import { formatAbsolute, formatAgo, formatClock } from './time.ts';

export interface MomentProps {
  /** RFC 3339, or milliseconds since 1970; the scheduler's clock. */
  readonly at: string | number;
}

/** `3 min ago`, with the full time on hovering. */
export function Moment({ at }: MomentProps) {
  const atMs = typeof at === 'number' ? at : Date.parse(at);
  const ago = useClock((nowMs) => formatAgo(nowMs - atMs));
  return (
    <time dateTime={new Date(atMs).toISOString()} title={formatAbsolute(atMs)}>
      {ago}
    </time>
  );
}

/** `20:04:05`, with the full time and how long it is ago on hovering. For long lists: it does not tick. */
export function ClockTime({ at }: MomentProps) {
  const atMs = typeof at === 'number' ? at : Date.parse(at);
  return (
    <time dateTime={new Date(atMs).toISOString()} title={`${formatAbsolute(atMs)}, ${formatAgo(Date.now() - atMs)}`}>
      {formatClock(atMs)}
    </time>
  );
}
