import type { LiveEvent } from '@pushfleet/contract/live';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { pushEventsQuery } from '../api/queries.ts';
import { formatAbsolute, formatClock } from '../format/time.ts';
import { useLiveEvents } from '../live/use-live.ts';
import styles from './push-drawer.module.css';

/** What has happened to a push, newest first: what is kept, and on top of it what comes in. */
export function PushEvents({ push }: { readonly push: string }) {
  const { data: kept } = useQuery(pushEventsQuery(push));
  const live = useLiveEvents();
  const events = useMemo(() => {
    const byId = new Map<string, LiveEvent>();
    for (const event of live) if (event.push === push) byId.set(event.id, event);
    for (const event of kept ?? []) byId.set(event.id, event);
    return [...byId.values()].sort((a, b) => (a.at < b.at ? 1 : -1));
  }, [kept, live, push]);
  if (kept !== undefined && events.length === 0) return <p className={styles.none}>No events are kept of this push.</p>;
  return (
    <ol className={styles.events} aria-label="Events">
      {events.map((event) => (
        <li key={event.id}>
          <time dateTime={event.at} title={formatAbsolute(Date.parse(event.at))}>
            {formatClock(Date.parse(event.at))}
          </time>
          <code>{event.event}</code>
          <span className={styles.eventText}>{eventText(event)}</span>
        </li>
      ))}
    </ol>
  );
}

/** What an event says beyond its name. */
export function eventText({ cause, message, worker, by, peer, host, input }: LiveEvent): string {
  return [
    cause,
    message,
    host,
    input === undefined ? undefined : `input ${input}`,
    by === undefined ? undefined : `by ${by}`,
    worker,
    peer ? `→ ${peer}` : undefined,
  ]
    .filter(Boolean)
    .join(' · ');
}
