// Quantities in words for people. Decimal prefixes: network rates and drive sizes count in thousands.

const prefixes = ['', 'k', 'M', 'G', 'T', 'P'] as const;

function scaled(value: number, unit: string): string {
  let rest = value;
  let power = 0;
  while (rest >= 999.5 && power < prefixes.length - 1) {
    rest /= 1000;
    power += 1;
  }
  const digits = power === 0 || rest >= 99.95 ? 0 : rest >= 9.995 ? 1 : 2;
  return `${rest.toFixed(digits)} ${prefixes[power]}${unit}`;
}

/** `4.02 Mb/s`; empty for zero, so that a table shows only what flows. */
export function formatBitrate(bps: number): string {
  return bps === 0 ? '' : scaled(bps, 'b/s');
}

/** `12.3 MB`; empty for zero. */
export function formatBytes(bytes: number): string {
  return bytes === 0 ? '' : scaled(bytes, 'B');
}

/** `42 s`, `3 min 20 s`, `5 h 7 min`, `2 d 4 h`. */
export function formatDuration(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return join(Math.floor(s / 60), 'min', s % 60, 's');
  if (s < 86_400) return join(Math.floor(s / 3600), 'h', Math.floor((s % 3600) / 60), 'min');
  return join(Math.floor(s / 86_400), 'd', Math.floor((s % 86_400) / 3600), 'h');
}

function join(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** How long until `at` (RFC 3339), as `in 4 s`; `now` when it is due, empty without a time. */
export function formatCountdown(at: string | null, nowMs: number): string {
  if (at === null) return '';
  const ms = Date.parse(at) - nowMs;
  return ms <= 500 ? 'now' : `in ${formatDuration(ms)}`;
}

/** How long since `at` (RFC 3339), empty without a time. */
export function formatAge(at: string | null, nowMs: number): string {
  return at === null ? '' : formatDuration(nowMs - Date.parse(at));
}

/** Failed attempts in a row of those allowed: `2/5`, `7/∞`; empty while all is well. */
export function formatRetries(failuresInARow: number, limit: number | null): string {
  return failuresInARow === 0 ? '' : `${failuresInARow}/${limit ?? '∞'}`;
}

/** `1 push`, `2 pushes`. */
export function count(n: number, singular: string, plural = `${singular}s`): string {
  return `${n} ${n === 1 ? singular : plural}`;
}
