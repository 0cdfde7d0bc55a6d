const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const two = (value: number): string => String(value).padStart(2, '0');

/** How long something has gone on: `0:07`, `12:34`, `5:12:34`, `3d 05:12`. */
export function formatUptime(ms: number): string {
  const span = Math.max(0, ms);
  const seconds = Math.floor((span % MINUTE) / SECOND);
  const minutes = Math.floor((span % HOUR) / MINUTE);
  if (span < HOUR) return `${minutes}:${two(seconds)}`;
  if (span < DAY) return `${Math.floor(span / HOUR)}:${two(minutes)}:${two(seconds)}`;
  return `${Math.floor(span / DAY)}d ${two(Math.floor((span % DAY) / HOUR))}:${two(minutes)}`;
}

/** A length of time that is over: `140 ms`, `4.2 s`, `3 min 20 s`, `2 h 5 min`. */
export function formatSpan(ms: number): string {
  const span = Math.max(0, ms);
  if (span < SECOND) return `${Math.round(span)} ms`;
  if (span < 9.95 * SECOND) return `${(span / SECOND).toFixed(1)} s`;
  if (span < MINUTE) return `${Math.round(span / SECOND)} s`;
  if (span < HOUR) return `${Math.floor(span / MINUTE)} min ${Math.floor((span % MINUTE) / SECOND)} s`;
  if (span < DAY) return `${Math.floor(span / HOUR)} h ${Math.floor((span % HOUR) / MINUTE)} min`;
  return `${Math.floor(span / DAY)} d ${Math.floor((span % DAY) / HOUR)} h`;
}

/** `now`, `12 s ago`, `3 min ago`, `2 h ago`, `5 d ago`. What lies ahead by less than a clock's difference counts as now. */
export function formatAgo(ms: number): string {
  if (ms < 2 * SECOND) return 'now';
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s ago`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min ago`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h ago`;
  return `${Math.floor(ms / DAY)} d ago`;
}

/** Seconds until a moment, rounded up, so that `0 s` never stands there while there is still time: `4 s`, `1:05`. */
export function formatCountdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / SECOND));
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
}

/** `2026-11-29 20:04:05.123`, in the browser's time zone; what hovering over a relative time shows. */
export function formatAbsolute(atMs: number): string {
  const at = new Date(atMs);
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${formatClock(atMs)}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}

/** `20:04:05`, in the browser's time zone. */
export function formatClock(atMs: number): string {
  const at = new Date(atMs);
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** A number of milliseconds behind live: `0 ms`, `840 ms`, `2.1 s`. */
export const formatLag = (ms: number): string => (ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`);
