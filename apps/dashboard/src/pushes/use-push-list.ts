import type { PushRow } from '@pushfleet/contract/live';
import { useMemo, useRef } from 'react';
import { useClock } from '../live/clock.ts';
import { liveStore } from '../live/live-store.ts';
import { useRowsVersion } from '../live/use-live.ts';
import { pushTest } from '../search/push-search.ts';
import type { Filter } from '../search/use-filter.ts';
import { useStableList } from '../search/use-stable-list.ts';
import { pushColumns } from './push-columns.tsx';

/** A column, downwards with `-` before it: `-bitrate`. */
export type Sort = string;
export const DEFAULT_SORT: Sort = 'stream';

/** Rows that change places every second cannot be read: the order is looked at this often. */
const RESORT_MS = 5_000;

/** Ids of the pushes that fit, in their order. While `isHeld` nobody changes places: somebody is about to click. */
export function usePushList(filter: Filter, sort: Sort, isHeld: boolean): readonly string[] {
  const rowsVersion = useRowsVersion();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version stands for what the store holds
  const fitting = useMemo(() => {
    const fits = pushTest(filter.query, filter.statuses);
    const ids: string[] = [];
    for (const push of liveStore.rows.values()) if (fits(push)) ids.push(push.id);
    return ids;
  }, [filter, rowsVersion]);
  const ids = useStableList(fitting);
  const tick = useClock((nowMs) => Math.floor(nowMs / RESORT_MS));
  const heldTick = useRef(tick);
  if (!isHeld) heldTick.current = tick;
  // biome-ignore lint/correctness/useExhaustiveDependencies: by the clock, not with every change
  const sorted = useMemo(() => sortPushes(ids, sort), [ids, sort, heldTick.current]);
  return useStableList(sorted);
}

export function sortPushes(ids: readonly string[], sort: Sort): string[] {
  const isDown = sort.startsWith('-');
  const column = pushColumns.find(({ id }) => id === sort.slice(isDown ? 1 : 0)) ?? pushColumns[0]!;
  const rows = ids.flatMap((id) => liveStore.rows.get(id) ?? []);
  // Equal ones stay in one order whatever is sorted by.
  const byPlace = (a: PushRow, b: PushRow) => (a.stream < b.stream ? -1 : a.stream > b.stream ? 1 : a.row - b.row);
  rows.sort((a, b) => (isDown ? -1 : 1) * column.compare(a, b) || byPlace(a, b));
  return rows.map(({ id }) => id);
}
