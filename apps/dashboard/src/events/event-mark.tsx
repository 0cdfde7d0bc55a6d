import type { ReactNode } from 'react';
import type { EventLevel } from './event-text.ts';
import styles from './events.module.css';

/** Cross, triangle, disc, diamond, dot: told apart without colours. */
const shapes: Readonly<Record<EventLevel, ReactNode>> = {
  problem: <path d="M3.5 3.5l9 9M12.5 3.5l-9 9" stroke="currentColor" strokeWidth="2.6" strokeLinecap="round" />,
  warning: <path d="M8 2 15 14H1z" fill="currentColor" />,
  good: <circle cx="8" cy="8" r="5.6" fill="currentColor" />,
  change: <path d="M8 2l6 6-6 6-6-6z" fill="none" stroke="currentColor" strokeWidth="1.9" strokeLinejoin="round" />,
  note: <circle cx="8" cy="8" r="2.6" fill="currentColor" />,
};

/** Decoration beside the word of an event. */
export function EventMark({ level }: { readonly level: EventLevel }) {
  return (
    <svg className={styles.mark} data-level={level} width={12} height={12} viewBox="0 0 16 16" aria-hidden="true">
      {shapes[level]}
    </svg>
  );
}
