import type { PushRow } from '@pushfleet/contract/live';
import { openPush } from '../search/use-filter.ts';
import styles from './push-url.module.css';

export interface PushUrlProps {
  readonly push: Pick<PushRow, 'id' | 'url'>;
  readonly className?: string | undefined;
  readonly title?: string;
}

/** The URL of a push on one line; a click opens all about it. */
export function PushUrl({ push: { id, url }, className = '', title = url }: PushUrlProps) {
  return (
    <button type="button" className={`${styles.url} ${className}`} onClick={() => openPush(id)} title={title}>
      {url}
    </button>
  );
}
