import { Button } from '@mantine/core';
import type { WorkerView } from '@pushfleet/contract';
import { type ReactNode, useState } from 'react';
import { Link } from 'wouter';
import { formatBitrate, formatCount } from '../format/bitrate.ts';
import { Moment } from '../format/moment.tsx';
import { formatAbsolute, formatLag, formatSpan, formatUptime } from '../format/time.ts';
import { useClock } from '../live/clock.ts';
import { undrainWorker } from './drain-actions.ts';
import { DrainDialog } from './drain-dialog.tsx';
import { Meter } from './meter.tsx';
import { WorkerStateLabel } from './worker-state-label.tsx';
import styles from './workers.module.css';

export const pushesOfWorker = (name: string): string => `/pushes?q=${encodeURIComponent(`worker:${name}`)}`;

/** One worker: what it holds, how busy it is, and why it takes no more. */
export function WorkerItem({ worker }: { readonly worker: WorkerView }) {
  const { name, state, full_cause: cause } = worker;
  return (
    <li className={styles.worker} data-state={state} aria-label={`Worker ${name}`}>
      <div className={styles.who}>
        <div className={styles.nameLine}>
          <b className={styles.name}>{name}</b>
          <Uptime worker={worker} />
        </div>
        <Particulars worker={worker} />
      </div>
      <div className={styles.stateCell}>
        <WorkerStateLabel state={state} />
        <Why worker={worker} />
      </div>
      <Cell label="Pushes">
        <Meter value={worker.held} max={worker.capacity} isLimit={cause === 'capacity'}>
          <Link href={pushesOfWorker(name)} aria-label={`Show the ${worker.held} pushes of ${name}`}>
            {formatCount(worker.held)}
          </Link>
          <span className={styles.ofMax}> / {formatCount(worker.capacity)}</span>
        </Meter>
      </Cell>
      <Cell label="CPU">
        <Meter value={worker.cpu_percent} max={100} isLimit={cause === 'cpu'}>
          {Math.round(worker.cpu_percent)} %
        </Meter>
      </Cell>
      <Cell label="Loop delay" isNumber isLimit={cause === 'loop_delay'}>
        {formatLag(worker.event_loop_delay_ms)}
      </Cell>
      <Cell label="Egress" isNumber isLimit={cause === 'egress'}>
        <b>{formatBitrate(worker.egress_bps)}</b>
      </Cell>
      <Cell label="Streams in" isNumber>
        <span data-nothing={worker.publications === 0 || undefined}>{formatCount(worker.publications)}</span>
      </Cell>
      <div className={styles.action}>
        <DrainButton worker={worker} />
      </div>
    </li>
  );
}

interface CellProps {
  readonly label: string;
  readonly isNumber?: boolean;
  /** The worker takes no pushes because of this figure. */
  readonly isLimit?: boolean;
  readonly children: ReactNode;
}

/** One figure; its label is seen where there is no head above it. */
function Cell({ label, isNumber = false, isLimit = false, children }: CellProps) {
  return (
    <div className={`${styles.cell} ${isNumber ? styles.number : ''}`} data-limit={isLimit || undefined}>
      <span className={styles.cellLabel}>{label}</span>
      {children}
    </div>
  );
}

function Uptime({ worker: { state, started_at, beat_age_ms } }: { readonly worker: WorkerView }) {
  const startedMs = Date.parse(started_at);
  const up = useClock((nowMs) => formatUptime(nowMs - startedMs));
  const text = state === 'lost' ? `silent for ${formatSpan(beat_age_ms)}` : `up ${up}`;
  return (
    <span className={styles.uptime} title={`Started ${formatAbsolute(startedMs)}`}>
      {text}
    </span>
  );
}

function Particulars({ worker: { version, pool, labels, rtmp, http } }: { readonly worker: WorkerView }) {
  const addresses = [rtmp && `RTMP ${rtmp}`, http && `HTTP ${http}`].filter(Boolean).join(', ');
  return (
    <div className={styles.particulars} title={addresses}>
      <span>pool {pool}</span>
      <span>v{version}</span>
      {Object.entries(labels).map(([label, value]) => (
        <span key={label} className={styles.chip}>
          {label}={value}
        </span>
      ))}
    </div>
  );
}

/** Why it takes no more, or who wants it to hold nothing. */
function Why({ worker: { full, drain, state } }: { readonly worker: WorkerView }) {
  if (drain !== null)
    return (
      <span className={styles.why}>
        by {drain.by}, <Moment at={drain.at} />
      </span>
    );
  if (state === 'draining') return <span className={styles.why}>is stopping</span>;
  return full === '' ? null : (
    <span className={styles.why} data-limit>
      Full: {full}
    </span>
  );
}

function DrainButton({ worker }: { readonly worker: WorkerView }) {
  const [isAsking, setAsking] = useState(false);
  const { name, drain, state } = worker;
  if (drain !== null)
    return (
      <Button variant="default" aria-label={`Undrain ${name}`} onClick={() => void undrainWorker(name)}>
        Undrain
      </Button>
    );
  return (
    <>
      <Button
        variant="default"
        aria-label={`Drain ${name}`}
        disabled={state === 'lost' || state === 'draining'}
        onClick={() => setAsking(true)}
      >
        Drain
      </Button>
      <DrainDialog worker={worker} isOpen={isAsking} onClose={() => setAsking(false)} />
    </>
  );
}
