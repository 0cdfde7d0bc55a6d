import type { PushRow, StreamRow } from '@pushfleet/contract/live';
import { type CSSProperties, memo, useMemo } from 'react';
import { Link } from 'wouter';
import { formatBitrate } from '../format/bitrate.ts';
import { useStream, useStreamPushes } from '../live/use-live.ts';
import { SelectBox } from '../pushes/select-box.tsx';
import { openPush } from '../search/use-filter.ts';
import { IconButton } from '../shell/icon-button.tsx';
import { streamPath } from '../shell/routes.ts';
import { byAttention } from '../status/push-status.ts';
import { StatusIndicator } from '../status/status-indicator.tsx';
import { InputLabel } from './input-label.tsx';
import styles from './streams.module.css';

export interface StreamItemProps {
  readonly name: string;
  readonly isOpen: boolean;
  readonly onToggle: (name: string) => void;
  /** Pixels for the indicators. */
  readonly room: number;
  readonly place: CSSProperties;
}

const INDICATOR_WIDTH = 22;

/** A stream in one line: its input, its pushes as indicators, and what they send. */
export const StreamItem = memo(({ name, isOpen, onToggle, room, place }: StreamItemProps) => {
  const stream = useStream(name);
  const pushes = useStreamPushes(name);
  const ids = useMemo(() => pushes.map(({ id }) => id), [pushes]);
  if (stream === undefined) return null;
  return (
    <li aria-label={`Stream ${name}`} className={styles.stream} style={place} data-status={stream.status}>
      <SelectBox ids={ids} label={`Select the pushes of ${name}`} />
      <IconButton
        icon="chevron"
        label={`${isOpen ? 'Hide' : 'Show'} the pushes of ${name}`}
        aria-expanded={isOpen}
        hidden={pushes.length === 0}
        className={styles.toggle ?? ''}
        onClick={() => onToggle(name)}
      />
      <div className={styles.name}>
        <Link href={streamPath(name)}>{name}</Link>
        <StreamTitle stream={stream} />
      </div>
      <InputLabel stream={stream} />
      <Indicators name={name} pushes={pushes} room={room} />
      <span className={styles.egress}>
        {formatBitrate(pushes.reduce((sum, { bitrate_bps }) => sum + bitrate_bps, 0))}
      </span>
    </li>
  );
});

const StreamTitle = ({ stream }: { readonly stream: StreamRow }) =>
  stream.title === '' ? null : <span className={styles.title}>{stream.title}</span>;

interface IndicatorsProps {
  readonly name: string;
  readonly pushes: readonly PushRow[];
  readonly room: number;
}

/** One mark for each push. Where room is short the ones that need attention come first, and the rest is counted. */
function Indicators({ name, pushes, room }: IndicatorsProps) {
  const fitting = Math.max(4, Math.floor(room / INDICATOR_WIDTH));
  const isTooMany = pushes.length > fitting;
  const shown = isTooMany ? [...pushes].sort((a, b) => byAttention(a.status, b.status)).slice(0, fitting - 2) : pushes;
  return (
    <div className={styles.indicators}>
      {shown.map(({ id }) => (
        <StatusIndicator key={id} push={id} onOpen={openPush} />
      ))}
      {isTooMany && (
        <Link href={streamPath(name, 'output')} className={styles.moreIndicators}>
          +{pushes.length - shown.length}
        </Link>
      )}
      {pushes.length === 0 && <span className={styles.none}>no pushes</span>}
    </div>
  );
}
