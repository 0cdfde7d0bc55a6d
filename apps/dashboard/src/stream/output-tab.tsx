import { Switch } from '@mantine/core';
import type { PushRow } from '@pushfleet/contract/live';
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, type ReactNode, useRef } from 'react';
import { formatBitrate, formatCount } from '../format/bitrate.ts';
import { formatLag } from '../format/time.ts';
import { usePush } from '../live/use-live.ts';
import { Uptime } from '../push/push-figures.tsx';
import { PushUrl } from '../push/push-url.tsx';
import { ReasonBox } from '../push/reason-box.tsx';
import { usePushDialogs } from '../push/use-push-dialogs.tsx';
import { pointsAt } from '../pushes/pointed-push.ts';
import { runAction, togglePause } from '../pushes/run-action.ts';
import { SelectBox } from '../pushes/select-box.tsx';
import { SelectionBar } from '../pushes/selection-bar.tsx';
import { EmptyState } from '../shell/empty-state.tsx';
import { IconButton } from '../shell/icon-button.tsx';
import { StatusLabel } from '../status/status-label.tsx';
import { AddPushButton } from '../target/add-push-button.tsx';
import styles from './output.module.css';

export interface OutputTabProps {
  readonly stream: string;
  readonly pushes: readonly PushRow[];
}

const CARD_HEIGHT = 96;

/** Where the stream goes, in the words of Flussonic's own tab. */
export function OutputTab({ stream, pushes }: OutputTabProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: pushes.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => CARD_HEIGHT,
    getItemKey: (index) => pushes[index]!.id,
    overscan: 4,
    gap: 8,
  });
  if (pushes.length === 0)
    return (
      <EmptyState title="Push live video to certain URLs" icon="pushes">
        <p>
          Each URL that you add gets a copy of this stream, and is kept connected: YouTube, Twitch, a CDN, or another
          server.
        </p>
        <AddPushButton stream={stream} />
      </EmptyState>
    );
  return (
    <div ref={scroller} className={styles.scroller}>
      <h2 className={styles.heading}>Push live video to certain URLs</h2>
      <ul className={styles.list} style={{ height: virtualizer.getTotalSize() }} aria-label={`Pushes of ${stream}`}>
        {virtualizer.getVirtualItems().map(({ key, index, start }) => (
          <li
            key={key}
            data-index={index}
            ref={virtualizer.measureElement}
            className={styles.place}
            style={{ transform: `translateY(${start}px)` }}
            aria-label={`Push to ${pushes[index]!.url}`}
          >
            <PushCard id={pushes[index]!.id} />
          </li>
        ))}
      </ul>
      <SelectionBar />
    </div>
  );
}

const fileNote = 'it belongs to the config file, change it there';

const PushCard = memo(({ id }: { readonly id: string }) => {
  const push = usePush(id);
  const { open, dialogs } = usePushDialogs({ id, url: push?.url ?? '' });
  if (push === undefined) return null;
  const isPaused = push.desired === 'disabled';
  const isFile = push.origin === 'file';
  return (
    <article className={styles.card} data-status={push.status} {...pointsAt(id)}>
      <div className={styles.top}>
        <SelectBox ids={[id]} label={`Select the push to ${push.host}`} />
        <Switch
          size="sm"
          checked={!isPaused}
          onChange={() => togglePause([id])}
          aria-label={`Enable push to ${push.host}`}
          title={isPaused ? 'Enable: resume' : 'Enable: on; off pauses'}
        />
        <PushUrl push={push} className={styles.url} title="Journal, chart, events" />
        {isFile && (
          <span className={styles.tag} title="Here it can be paused and resumed; anything else is changed in the file.">
            config file
          </span>
        )}
        <span className={styles.status}>
          <StatusLabel {...push} />
        </span>
        <span className={styles.buttons}>
          <IconButton
            icon="restart"
            label={`Restart push to ${push.host}`}
            disabled={isPaused}
            onClick={() => void runAction('restart', [id])}
          />
          <IconButton icon="test" label={`Test target ${push.host}`} onClick={() => open('test')} />
          <IconButton
            icon="edit"
            label={isFile ? `Edit push: ${fileNote}` : `Edit push to ${push.host}`}
            disabled={isFile}
            onClick={() => open('edit')}
          />
          <IconButton
            icon="trash"
            label={isFile ? `Remove push: ${fileNote}` : `Remove push to ${push.host}`}
            disabled={isFile}
            onClick={() => open('remove')}
          />
        </span>
      </div>
      <ReasonBox push={push} />
      <dl className={styles.figures}>
        <Figure name="Bitrate" value={<b>{formatBitrate(push.bitrate_bps)}</b>} />
        <Figure name="Uptime" value={<Uptime {...push} />} />
        <Figure
          name="Lag"
          value={push.status === 'running' || push.status === 'stalled' ? formatLag(push.lag_ms) : '–'}
        />
        <Figure name="Dropped frames" value={formatCount(push.dropped_frames)} />
        <Figure name="Worker" value={push.worker ?? '–'} />
        <Figure name="Retry timeout" value={`${push.retry_timeout} s`} />
        <Figure name="Limit" value={push.retry_limit ?? 'endless'} />
        <Figure name="Timeout" value={push.timeout === null ? 'none' : `${push.timeout} s`} />
        {push.comment !== '' && <Figure name="Comment" value={push.comment} />}
      </dl>
      {dialogs}
    </article>
  );
});

const Figure = ({ name, value }: { readonly name: string; readonly value: ReactNode }) => (
  <div>
    <dt>{name}</dt>
    <dd>{value}</dd>
  </div>
);
