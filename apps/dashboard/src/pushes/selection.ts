import { useSyncExternalStore } from 'react';

/** Which pushes are selected for a command; outlives the change between the lists, so that both can be gathered from. */
let selected: ReadonlySet<string> = new Set();
const listeners = new Set<() => void>();

function set(next: ReadonlySet<string>): void {
  selected = next;
  for (const listener of listeners) listener();
}
const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export const useSelection = (): ReadonlySet<string> => useSyncExternalStore(subscribe, () => selected);
export const currentSelection = (): ReadonlySet<string> => selected;

/** How many of these are selected. */
export function useSelectedCount(ids: readonly string[]): number {
  return useSyncExternalStore(subscribe, () => ids.reduce((count, id) => (selected.has(id) ? count + 1 : count), 0));
}

export function select(ids: Iterable<string>, isSelected: boolean): void {
  const next = new Set(selected);
  for (const id of ids) {
    if (isSelected) next.add(id);
    else next.delete(id);
  }
  set(next);
}

export const clearSelection = (): void => set(new Set());

/** Takes out what has been deleted meanwhile. */
export function keepSelected(exists: (id: string) => boolean): void {
  if ([...selected].some((id) => !exists(id))) set(new Set([...selected].filter(exists)));
}
