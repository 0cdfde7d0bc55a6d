import type { LiveEvent } from '@pushfleet/contract/live';
import { type CSSProperties, memo } from 'react';
import { ClockTime } from '../format/moment.tsx';
import { liveStore } from '../live/live-store.ts';
import { openPush } from '../search/use-filter.ts';
import { EventMark } from './event-mark.tsx';
import { eventDetail, eventSubject, eventWord } from './event-text.ts';
import styles from './events.module.css';

export interface EventItemProps {
  readonly event: LiveEvent;
  readonly place: CSSProperties;
  readonly onType: (type: string) => void;
}

export const EventItem = memo(({ event, place, onType }: EventItemProps) => {
  const { word, level } = eventWord(event.event);
  const { push, worker } = event;
  const subject = eventSubject(event);
  const detail = eventDetail(event);
  const canOpen = push !== undefined && liveStore.rows.has(push);
  return (
    <li className={styles.event} data-level={level} style={place}>
      <span className={styles.time}>
        <ClockTime at={event.at} />
      </span>
      <button
        type="button"
        className={styles.type}
        title={`Show only ${event.event}`}
        onClick={() => onType(event.event)}
      >
        <EventMark level={level} />
        {word}
      </button>
      {canOpen ? (
        <button type="button" className={styles.subject} title={subject} onClick={() => openPush(push)}>
          {subject}
        </button>
      ) : (
        <span className={styles.subject} title={subject}>
          {subject}
        </span>
      )}
      <span className={styles.detail} title={detail}>
        {detail}
      </span>
      <span className={styles.workerName}>{subject === worker ? '' : worker}</span>
    </li>
  );
});
