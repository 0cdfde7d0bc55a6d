import { type CSSProperties, memo } from 'react';
import { formatBitrate, formatCount } from '../format/bitrate.ts';
import { formatLag } from '../format/time.ts';
import { usePush } from '../live/use-live.ts';
import { PushButtons } from '../push/push-buttons.tsx';
import { Retries, Uptime } from '../push/push-figures.tsx';
import { PushUrl } from '../push/push-url.tsx';
import { pointsAt } from '../pushes/pointed-push.ts';
import { SelectBox } from '../pushes/select-box.tsx';
import { statusReason } from '../status/push-status-text.ts';
import { StatusLabel } from '../status/status-label.tsx';
import styles from './streams.module.css';

export interface StreamPushItemProps {
  readonly id: string;
  readonly place: CSSProperties;
}

/** A push below its stream: status, target with the reason in place, figures, and what is done in a hurry. */
export const StreamPushItem = memo(({ id, place }: StreamPushItemProps) => {
  const push = usePush(id);
  if (push === undefined) return null;
  const reason = statusReason(push);
  return (
    <li
      aria-label={`Push to ${push.url}`}
      className={styles.push}
      style={place}
      data-status={push.status}
      {...pointsAt(id)}
    >
      <SelectBox ids={[id]} label={`Select the push to ${push.host}`} />
      <StatusLabel {...push} />
      <div className={styles.target}>
        <PushUrl push={push} className={styles.url} />
        <span className={styles.second} data-status={push.status} title={reason}>
          {reason || (
            <>
              {push.worker ?? 'no worker'}
              {push.status === 'running' && ` · lag ${formatLag(push.lag_ms)}`}
              {push.dropped_frames > 0 && ` · ${formatCount(push.dropped_frames)} dropped`}
              {push.comment !== '' && ` · ${push.comment}`}
            </>
          )}
        </span>
      </div>
      <span className={styles.bitrate}>{formatBitrate(push.bitrate_bps)}</span>
      <span className={styles.uptime}>
        <Uptime {...push} />
      </span>
      <span className={styles.retries}>
        <Retries {...push} />
      </span>
      <span className={styles.buttons}>
        <PushButtons push={push} />
      </span>
    </li>
  );
});
