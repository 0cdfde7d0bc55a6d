import { srs } from './srs.ts';
import type { System } from './system.ts';

/** Those that were chosen by their names, and SRS where its binary is given. */
export function chooseSystems(
  all: Readonly<Record<string, System>>,
  names: readonly string[],
  srsBinary: string | undefined,
): System[] {
  const chosen = names.map((name) => all[name]!);
  return srsBinary === undefined ? chosen : [...chosen, srs(srsBinary)];
}
