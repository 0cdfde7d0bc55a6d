/** `4.2 Mb/s`: three figures at most, so that a column of them keeps its width. Zero is a dash: nothing flows. */
export function formatBitrate(bps: number): string {
  if (!(bps > 0)) return '–';
  if (bps < 1_000) return `${Math.round(bps)} b/s`;
  if (bps < 999_500) return `${figures(bps / 1e3)} kb/s`;
  if (bps < 999_500_000) return `${figures(bps / 1e6)} Mb/s`;
  return `${figures(bps / 1e9)} Gb/s`;
}

/** `1.2 GB`, decimal units as on the invoice of a network. */
export function formatBytes(bytes: number): string {
  if (!(bytes > 0)) return '0 B';
  if (bytes < 1_000) return `${Math.round(bytes)} B`;
  if (bytes < 999_500) return `${figures(bytes / 1e3)} kB`;
  if (bytes < 999_500_000) return `${figures(bytes / 1e6)} MB`;
  if (bytes < 999_500_000_000) return `${figures(bytes / 1e9)} GB`;
  return `${figures(bytes / 1e12)} TB`;
}

/** `12,345`, for whole numbers. Not by the browser's tables of languages, which take 30 ms to load. */
export const formatCount = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ',');

/** `1 push`, `3 pushes`. */
export const formatPlural = (count: number, one: string, many: string): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`;

function figures(value: number): string {
  if (value < 9.995) return value.toFixed(2);
  return value < 99.95 ? value.toFixed(1) : String(Math.round(value));
}
