import type { FleetSummary, LiveEvent, LiveWorkers, PushRow, StreamRow } from '@pushfleet/contract/live';
import { useCallback, useSyncExternalStore } from 'react';
import { type Connection, liveStore } from './live-store.ts';
import type { Topic } from './topics.ts';

const { topics } = liveStore;

function useTopic<T>(topic: Topic, read: () => T): T {
  const subscribe = useCallback((listener: () => void) => topics.subscribe(topic, listener), [topic]);
  return useSyncExternalStore(subscribe, read);
}

export const useFleet = (): FleetSummary | undefined => useTopic('fleet', () => liveStore.fleet);
export const useEgress = (): readonly number[] => useTopic('fleet', () => liveStore.egress);
export const useConnection = (): Connection => useTopic('connection', () => liveStore.connection);
export const useWorkers = (): LiveWorkers => useTopic('workers', () => liveStore.workers);
/** Newest first. */
export const useLiveEvents = (): readonly LiveEvent[] => useTopic('events', () => liveStore.events);
/** Changes when any push has changed: for what is computed from all of them. */
export const useRowsVersion = (): number => useTopic('rows', () => liveStore.rowsVersion);
export const useStreamsVersion = (): number => useTopic('streams', () => liveStore.streamsVersion);

/** One push; renders when this one changes. */
export function usePush(id: string): PushRow | undefined {
  const subscribe = useCallback((listener: () => void) => topics.subscribeRow(id, listener), [id]);
  return useSyncExternalStore(subscribe, () => liveStore.rows.get(id));
}

/** One stream; renders when it or one of its pushes changes. */
export function useStream(name: string): StreamRow | undefined {
  const subscribe = useCallback((listener: () => void) => topics.subscribeStream(name, listener), [name]);
  return useSyncExternalStore(subscribe, () => liveStore.streams.get(name));
}

/** The pushes of a stream, in the order in which they were made. */
export function useStreamPushes(name: string): readonly PushRow[] {
  const subscribe = useCallback((listener: () => void) => topics.subscribeStream(name, listener), [name]);
  return useSyncExternalStore(subscribe, () => liveStore.pushesOf(name));
}
