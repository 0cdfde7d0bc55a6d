import { Button } from '@mantine/core';
import type { LiveWorkers } from '@pushfleet/contract/live';
import { useMemo } from 'react';
import { CopyText } from '../copy/copy-text.tsx';
import { formatBitrate, formatCount } from '../format/bitrate.ts';
import { Moment } from '../format/moment.tsx';
import { useFleet, useWorkers } from '../live/use-live.ts';
import { EmptyState } from '../shell/empty-state.tsx';
import { undrainWorker } from './drain-actions.ts';
import { Meter } from './meter.tsx';
import { WorkerItem } from './worker-item.tsx';
import styles from './workers.module.css';

/** `worker-2` before `worker-10`. */
const byName = new Intl.Collator('en', { numeric: true }).compare;

/** The processes that hold the pushes: how busy each one is, whether it takes more, and the switch that empties it. */
export function WorkersPage() {
  const { workers, drains } = useWorkers();
  const isFleetKnown = useFleet() !== undefined;
  const ordered = useMemo(() => [...workers].sort((a, b) => byName(a.name, b.name) || byName(a.id, b.id)), [workers]);
  const known = new Set(workers.map(({ name }) => name));
  const absent = drains.filter(({ worker }) => !known.has(worker));
  return (
    <div className={styles.page}>
      <div className={styles.toolbar}>
        <h1>Workers</h1>
        <Totals />
      </div>
      {isFleetKnown && workers.length === 0 ? (
        <NoWorker />
      ) : (
        <div className={styles.sheet}>
          <div className={styles.head} aria-hidden="true">
            <span>Worker</span>
            <span>State</span>
            <span>Pushes</span>
            <span>CPU</span>
            <span className={styles.number}>Loop delay</span>
            <span className={styles.number}>Egress</span>
            <span className={styles.number}>Streams in</span>
          </div>
          <ul className={styles.list} aria-label="Workers">
            {ordered.map((worker) => (
              <WorkerItem key={worker.id} worker={worker} />
            ))}
          </ul>
        </div>
      )}
      {absent.length > 0 && <Absent drains={absent} />}
    </div>
  );
}

function Totals() {
  const fleet = useFleet();
  if (fleet === undefined) return null;
  const { ready, draining, lost } = fleet.workers;
  const { held, capacity } = fleet.slots;
  return (
    <div className={styles.totals}>
      <span>
        <b>{ready}</b> ready
      </span>
      {draining > 0 && (
        <span>
          <b>{draining}</b> draining or drained
        </span>
      )}
      {lost > 0 && (
        <span className={styles.bad}>
          <b>{lost}</b> lost
        </span>
      )}
      <div className={styles.places}>
        <Meter value={held} max={capacity}>
          <b>{formatCount(held)}</b> of {formatCount(capacity)} places taken
        </Meter>
      </div>
      <span>
        <b>{formatBitrate(fleet.egress_bps)}</b> out
      </span>
    </div>
  );
}

function NoWorker() {
  return (
    <EmptyState title="There is no worker" icon="workers">
      <p>Workers hold the connections to the targets. Start one on any host that reaches Redis:</p>
      <div className={styles.command}>
        <CopyText label="a worker" text="REDIS_URL=redis://… PUSHFLEET_ADVERTISE=HOST npx pushfleet worker" />
      </div>
      <p>It takes pushes within a second, and stands here then.</p>
    </EmptyState>
  );
}

/** Names that shall hold nothing and that no process has now. */
function Absent({ drains }: Pick<LiveWorkers, 'drains'>) {
  return (
    <section className={styles.absent} aria-labelledby="absent">
      <h2 id="absent">Drained names without a process</h2>
      <p>A worker that is started under one of these names takes nothing until the name is undrained.</p>
      <ul>
        {drains.map(({ worker, by, at }) => (
          <li key={worker}>
            <b>{worker}</b>
            <span className={styles.why}>
              by {by}, <Moment at={at} />
            </span>
            <Button variant="default" aria-label={`Undrain ${worker}`} onClick={() => void undrainWorker(worker)}>
              Undrain
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}
