import { useMediaQuery } from '@mantine/hooks';
import type { LiveEvent } from '@pushfleet/contract/live';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef } from 'react';
import { EventItem } from './event-item.tsx';
import styles from './events.module.css';

const heights = { desk: 32, phone: 64 } as const;
/** Scrolled further than this, somebody reads: the list must not move. */
const READING_PX = 24;

export interface VirtualEventsProps {
  readonly events: readonly LiveEvent[];
  readonly isHeld: boolean;
  readonly onHold: () => void;
  readonly onType: (type: string) => void;
}

export function VirtualEvents({ events, isHeld, onHold, onType }: VirtualEventsProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const isPhone = useMediaQuery('(max-width: 760px)', false, { getInitialValueInEffect: false });
  const height = heights[isPhone ? 'phone' : 'desk'];
  const virtualizer = useVirtualizer({
    count: events.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    getItemKey: (index) => events[index]!.id,
    overscan: 12,
  });
  useEffect(() => {
    if (!isHeld) scroller.current?.scrollTo({ top: 0 });
  }, [isHeld]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: rows of another height must be measured again
  useEffect(() => virtualizer.measure(), [height]);
  return (
    <section
      ref={scroller}
      className={styles.scroller}
      aria-label="Events, newest first"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolled with the keyboard
      tabIndex={0}
      onScroll={({ currentTarget }) => currentTarget.scrollTop > READING_PX && onHold()}
    >
      <div className={styles.head} aria-hidden="true">
        <span>Time</span>
        <span>Event</span>
        <span>About</span>
        <span>Detail</span>
        <span>Worker</span>
      </div>
      <ul className={styles.list} aria-label="Events" style={{ height: virtualizer.getTotalSize() }}>
        {virtualizer.getVirtualItems().map(({ key, index, start, size }) => (
          <EventItem
            key={key}
            event={events[index]!}
            place={{ transform: `translateY(${start}px)`, height: size }}
            onType={onType}
          />
        ))}
      </ul>
    </section>
  );
}
