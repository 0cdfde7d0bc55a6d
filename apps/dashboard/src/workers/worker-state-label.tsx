import type { ReactNode } from 'react';
import { type WorkerState, workerStateTexts } from './worker-state.ts';
import styles from './workers.module.css';

/** A colour and a shape for each state: disc, disc that empties, ring, cross. */
const shapes: Readonly<Record<WorkerState, ReactNode>> = {
  ready: <circle cx="8" cy="8" r="6.5" fill="currentColor" />,
  draining: (
    <>
      <circle cx="8" cy="8" r="6.2" fill="none" stroke="currentColor" strokeWidth="1.8" />
      <path d="M1.8 8a6.2 6.2 0 0 0 12.4 0z" fill="currentColor" />
    </>
  ),
  drained: <circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" strokeWidth="2" />,
  lost: <path d="M3 3l10 10M13 3 3 13" fill="none" stroke="currentColor" strokeWidth="2.6" strokeLinecap="round" />,
};

export function WorkerStateLabel({ state }: { readonly state: WorkerState }) {
  const { word, meaning } = workerStateTexts[state];
  return (
    <span className={styles.state} data-state={state} title={meaning}>
      <svg width={12} height={12} viewBox="0 0 16 16" aria-hidden="true">
        {shapes[state]}
      </svg>
      {word}
    </span>
  );
}
