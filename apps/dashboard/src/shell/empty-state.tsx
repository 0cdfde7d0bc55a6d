import type { ReactNode } from 'react';
import { Icon, type IconName } from '../icons.tsx';
import styles from './empty-state.module.css';

export interface EmptyStateProps {
  readonly title: string;
  readonly icon: IconName;
  readonly children?: ReactNode;
}

/** Stands where a list has nothing to show: says why, and what the next step is. */
export function EmptyState({ title, icon, children }: EmptyStateProps) {
  return (
    <div className={styles.empty}>
      <span className={styles.icon}>
        <Icon name={icon} size={26} />
      </span>
      <h2>{title}</h2>
      <div className={styles.text}>{children}</div>
    </div>
  );
}
