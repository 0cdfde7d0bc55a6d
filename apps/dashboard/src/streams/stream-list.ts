import type { PushRow, StreamRow } from '@pushfleet/contract/live';
import { pushTest, streamTest } from '../search/push-search.ts';
import type { Filter } from '../search/use-filter.ts';

/** A line of the list: a stream, or below it one of its pushes. As text, so that two lists are compared quickly. */
export type StreamListItem = `stream ${string}` | `push ${string}`;

export interface StreamListState {
  readonly streams: ReadonlyMap<string, StreamRow>;
  readonly pushesOf: (stream: string) => readonly PushRow[];
  readonly filter: Filter;
  readonly isOpen: (stream: string) => boolean;
}

export interface StreamList {
  readonly items: readonly StreamListItem[];
  readonly streamCount: number;
  /** Ids of the pushes that fit the filter, those of closed streams included. */
  readonly pushes: readonly string[];
}

/** Streams by name, each with the pushes that fit; a stream without any is shown when the filter is about streams alone and fits it. */
export function listStreams({ streams, pushesOf, filter, isOpen }: StreamListState): StreamList {
  const { query, statuses } = filter;
  const fitsPush = pushTest(query, statuses);
  const fitsStream = streamTest(query, statuses);
  const items: StreamListItem[] = [];
  const pushes: string[] = [];
  let streamCount = 0;
  for (const name of [...streams.keys()].sort()) {
    const fitting = pushesOf(name).filter(fitsPush);
    if (fitting.length === 0 && !fitsStream(streams.get(name)!)) continue;
    streamCount++;
    items.push(`stream ${name}`);
    for (const { id } of fitting) pushes.push(id);
    if (isOpen(name)) for (const { id } of fitting) items.push(`push ${id}`);
  }
  return { items, streamCount, pushes };
}

export const itemKey = (item: StreamListItem): string => item.slice(item.indexOf(' ') + 1);
export const isStreamItem = (item: StreamListItem): boolean => item.startsWith('stream ');
