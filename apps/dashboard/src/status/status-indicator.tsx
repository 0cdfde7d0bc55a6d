import { memo } from 'react';
import { usePush } from '../live/use-live.ts';
import { statusTexts } from './push-status.ts';
import { statusReason } from './push-status-text.ts';
import { hideTip, showTip } from './push-tip.tsx';
import styles from './status.module.css';
import { StatusShape } from './status-shape.tsx';

export interface StatusIndicatorProps {
  /** Id of the push. */
  readonly push: string;
  readonly onOpen: (push: string) => void;
}

/** One push as a mark of colour and shape; hovering or focusing it tells status, target and reason, a click opens it. */
export const StatusIndicator = memo(({ push: id, onOpen }: StatusIndicatorProps) => {
  const push = usePush(id);
  if (push === undefined) return null;
  const label = [statusTexts[push.status].word, push.url, statusReason(push)].filter(Boolean).join(', ');
  return (
    <button
      type="button"
      className={styles.indicator}
      aria-label={label}
      data-status={push.status}
      onClick={() => onOpen(id)}
      onMouseEnter={(event) => showTip(id, event.currentTarget)}
      onMouseLeave={hideTip}
      onFocus={(event) => showTip(id, event.currentTarget)}
      onBlur={hideTip}
    >
      <StatusShape status={push.status} size={13} />
    </button>
  );
});
