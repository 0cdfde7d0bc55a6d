import { useRef } from 'react';

/** The array of the last time as long as it holds the same: what is computed from all rows every second mostly does. */
export function useStableList<T>(list: readonly T[]): readonly T[] {
  const last = useRef(list);
  const isSame = last.current.length === list.length && last.current.every((item, i) => item === list[i]);
  if (!isSame) last.current = list;
  return last.current;
}
