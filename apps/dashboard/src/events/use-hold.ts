import type { LiveEvent } from '@pushfleet/contract/live';
import { useCallback, useState } from 'react';
import { countNewer } from './event-list.ts';

export interface Held {
  readonly shown: readonly LiveEvent[];
  /** Events that have come since. */
  readonly newer: number;
  readonly isHeld: boolean;
  hold(): void;
  release(): void;
}

/** Lets the list stand still while somebody reads. `filter`: with another one it goes on. */
export function useHold(events: readonly LiveEvent[], filter: string): Held {
  const [held, setHeld] = useState<{ readonly filter: string; readonly events: readonly LiveEvent[] }>();
  const isHeld = held !== undefined && held.filter === filter;
  const hold = useCallback(
    () => setHeld((before) => (before?.filter === filter ? before : { filter, events })),
    [events, filter],
  );
  const release = useCallback(() => setHeld(undefined), []);
  return {
    shown: isHeld ? held.events : events,
    newer: isHeld ? countNewer(events, held.events[0]) : 0,
    isHeld,
    hold,
    release,
  };
}
