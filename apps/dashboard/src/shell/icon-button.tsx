import type { ButtonHTMLAttributes } from 'react';
import { Icon, type IconName } from '../icons.tsx';
import styles from './icon-button.module.css';

export interface IconButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'children'> {
  readonly icon: IconName;
  /** Says what it does, to screen readers and on hovering. */
  readonly label: string;
  /** Of the icon, in pixels. */
  readonly size?: number;
}

/** A small button, also for rows of long lists: hundreds are drawn at a time, so it is one element and no more. */
export function IconButton({ icon, label, size = 15, className, ...rest }: IconButtonProps) {
  return (
    <button type="button" className={`${styles.button} ${className ?? ''}`} aria-label={label} title={label} {...rest}>
      <Icon name={icon} size={size} />
    </button>
  );
}
