/** Numbers for a person: how many, the least, the middle and the greatest, rounded. */
export function figures(values: readonly number[], unit = 'ms'): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN);
  return `n=${values.length} min ${at(0)} p50 ${at(0.5)} max ${at(1)} ${unit}`;
}

/** From each of these moments to the next. */
export const intervals = (moments: readonly number[]): number[] =>
  moments.slice(1).map((moment, index) => moment - moments[index]!);
