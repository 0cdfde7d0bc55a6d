import type { LiveEvent } from '@pushfleet/contract/live';

/** Events that the page keeps. */
const MAX_EVENTS = 5_000;

/** Places in the fleet's stream of events, `milliseconds-sequence`, in their order. */
export function compareEventIds(a: string, b: string): number {
  const [aMs = 0, aSequence = 0] = a.split('-').map(Number);
  const [bMs = 0, bSequence = 0] = b.split('-').map(Number);
  return aMs - bMs || aSequence - bSequence;
}

/** Both newest first, as is the result; what is in both stands there once. */
export function mergeEvents(live: readonly LiveEvent[], earlier: readonly LiveEvent[]): LiveEvent[] {
  const merged: LiveEvent[] = [];
  let l = 0;
  let e = 0;
  while (merged.length < MAX_EVENTS) {
    const a = live[l];
    const b = earlier[e];
    if (a === undefined && b === undefined) break;
    const order = a === undefined ? -1 : b === undefined ? 1 : compareEventIds(a.id, b.id);
    if (order >= 0) l++;
    if (order <= 0) e++;
    merged.push(order >= 0 ? a! : b!);
  }
  return merged;
}

/** How many events are newer than the newest of a list. */
export function countNewer(events: readonly LiveEvent[], than: LiveEvent | undefined): number {
  if (than === undefined) return events.length;
  const index = events.findIndex(({ id }) => compareEventIds(id, than.id) <= 0);
  return index < 0 ? events.length : index;
}

/** One JSON object a line, oldest first: what programs read. */
export const toJsonLines = (events: readonly LiveEvent[]): string =>
  events
    .toReversed()
    .map((event) => `${JSON.stringify(event)}\n`)
    .join('');
