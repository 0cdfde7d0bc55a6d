import type { PushStatus } from '@pushfleet/contract';
import type { ReactNode } from 'react';
import styles from './status.module.css';

/** One shape for each status, told apart without colour: drawn in a box of 16 by 16. */
const shapes: Readonly<Record<PushStatus, ReactNode>> = {
  // A disc: all is well.
  running: <circle cx="8" cy="8" r="6" fill="currentColor" />,
  // A cross in a disc.
  error: (
    <>
      <circle cx="8" cy="8" r="7" fill="currentColor" />
      <path d="M5.4 5.4l5.2 5.2M10.6 5.4l-5.2 5.2" className={styles.cutout} />
    </>
  ),
  // A triangle, as on a warning sign.
  retry: <path d="M8 1.8 15 14H1z" fill="currentColor" stroke="currentColor" strokeLinejoin="round" />,
  // A square: standing still.
  stalled: <rect x="2.5" y="2.5" width="11" height="11" rx="1.5" fill="currentColor" />,
  // A ring that is being closed.
  starting: (
    <path d="M8 2.5A5.5 5.5 0 1 1 2.5 8" fill="none" stroke="currentColor" strokeWidth="3" className={styles.turning} />
  ),
  // A ring of dashes: nobody has it.
  pending: (
    <circle cx="8" cy="8" r="5.5" fill="none" stroke="currentColor" strokeWidth="2" strokeDasharray="3.2 2.56" />
  ),
  // A ring: ready, and empty.
  waiting: <circle cx="8" cy="8" r="5.25" fill="none" stroke="currentColor" strokeWidth="2.5" />,
  // A striped square: taken out of service.
  disabled: (
    <>
      <rect x="2.5" y="2.5" width="11" height="11" rx="2" fill="none" stroke="currentColor" strokeWidth="1.5" />
      <path d="M3 8.5 8.5 3M3 13 13 3M7.5 13 13 7.5" stroke="currentColor" strokeWidth="1.5" />
    </>
  ),
};

export interface StatusShapeProps {
  readonly status: PushStatus;
  /** Pixels. */
  readonly size?: number;
}

/** Decoration: whoever uses it says the status in words, seen or for screen readers. */
export function StatusShape({ status, size = 12 }: StatusShapeProps) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      aria-hidden="true"
      className={styles.shape}
      data-status={status}
    >
      {shapes[status]}
    </svg>
  );
}
