import type { LiveEvent } from '@pushfleet/contract/live';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import { recentEventsQuery } from '../api/queries.ts';
import { useConnection, useLiveEvents } from '../live/use-live.ts';
import { mergeEvents } from './event-list.ts';

const none: readonly LiveEvent[] = [];

/** Newest first: those of before the page was opened, and those that have come since. */
export function useEvents(): {
  readonly events: readonly LiveEvent[];
  readonly isKnown: boolean;
  readonly error: unknown;
} {
  const live = useLiveEvents();
  const { data: earlier, error } = useQuery(recentEventsQuery);
  const connection = useConnection();
  const client = useQueryClient();
  // What has happened while the line was down may not come by the line when it is back.
  useEffect(() => {
    if (connection.state === 'live') void client.invalidateQueries({ queryKey: recentEventsQuery.queryKey });
  }, [connection.state, client]);
  const events = useMemo(() => mergeEvents(live, earlier ?? none), [live, earlier]);
  return { events, isKnown: earlier !== undefined, error };
}
