import type { PushRow } from '@pushfleet/contract/live';
import { useClock } from '../live/clock.ts';
import { statusTexts } from './push-status.ts';
import { statusDetail } from './push-status-text.ts';
import styles from './status.module.css';
import { StatusShape } from './status-shape.tsx';

type StatusLabelProps = Pick<PushRow, 'status' | 'next_retry_at' | 'failures_in_a_row' | 'retry_limit'>;

/** `▲ Retrying in 4 s · 3 of 5`: shape, word, and what can be counted, with a live countdown. */
export function StatusLabel(push: StatusLabelProps) {
  const detail = useClock((nowMs) => statusDetail(push, nowMs));
  return (
    <span className={styles.label} data-status={push.status}>
      <StatusShape status={push.status} />
      {statusTexts[push.status].word}
      {detail !== '' && <span className={styles.detail}>{detail}</span>}
    </span>
  );
}
