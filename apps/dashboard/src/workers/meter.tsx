import type { ReactNode } from 'react';
import styles from './workers.module.css';

export interface MeterProps {
  readonly value: number;
  readonly max: number;
  /** What stands above the bar: the figure itself, so that the bar is decoration. */
  readonly children: ReactNode;
  /** The worker takes no pushes because of this one. */
  readonly isLimit?: boolean;
}

/** A figure with a bar below it. */
export function Meter({ value, max, children, isLimit = false }: MeterProps) {
  const share = max > 0 ? Math.min(1, Math.max(0, value / max)) : 0;
  return (
    <div className={styles.meter} data-limit={isLimit || undefined}>
      <span className={styles.figure}>{children}</span>
      <span className={styles.track} aria-hidden="true">
        <span className={styles.fill} style={{ transform: `scaleX(${share.toFixed(4)})` }} />
      </span>
    </div>
  );
}
