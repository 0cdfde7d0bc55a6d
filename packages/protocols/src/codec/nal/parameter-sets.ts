import { MalformedError } from '../../bytes/malformed-error.ts';

/**
 * The parameter sets of one kind in force once `sets` have come: a set replaces the one with its id, others are added. `known` itself
 * when all of them are known already, byte for byte.
 */
export function replaceById(
  known: readonly Buffer[],
  sets: readonly Buffer[],
  idOf: (set: Buffer) => number,
): readonly Buffer[] {
  const fresh = sets.filter((set) => !known.some((other) => other.equals(set)));
  if (fresh.length === 0) return known;
  const byId = new Map<number, Buffer>();
  for (const set of [...known, ...fresh]) byId.set(idOf(set), set);
  return [...byId.values()];
}

/** The id itself. Throws MalformedError when it is over the `largest` that the standard allows. */
export function checkedId(id: number, largest: number): number {
  if (id > largest) throw new MalformedError(`parameter set id ${id}, expected 0 to ${largest}`);
  return id;
}
