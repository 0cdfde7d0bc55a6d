import { memo } from 'react';
import { Link } from 'wouter';
import { navigate, usePathname } from 'wouter/use-browser-location';
import { formatBitrate, formatCount } from '../format/bitrate.ts';
import { useEgress, useFleet } from '../live/use-live.ts';
import { setFilter, useFilter } from '../search/use-filter.ts';
import { type PushStatus, pushStatuses, statusTexts } from '../status/push-status.ts';
import { StatusShape } from '../status/status-shape.tsx';
import styles from './shell.module.css';
import { Sparkline } from './sparkline.tsx';

/** The whole fleet in one line: pushes by status, each count a filter, and what carries them. */
export function FleetBar() {
  return (
    <section className={styles.fleet} aria-label="Fleet">
      <StatusCounts />
      <Vitals />
    </section>
  );
}

function StatusCounts() {
  const fleet = useFleet();
  const { statuses } = useFilter();
  const total = fleet === undefined ? 0 : Object.values(fleet.pushes).reduce((sum, count) => sum + count, 0);
  const isList = useIsList();
  const show = (wanted: ReadonlySet<PushStatus>) =>
    isList ? setFilter({ statuses: wanted }) : navigate(`/pushes?status=${[...wanted].join(',')}`);
  const toggle = (status: PushStatus) =>
    show(statuses.has(status) ? statuses.difference(new Set([status])) : statuses.union(new Set([status])));
  return (
    <fieldset className={styles.counts} aria-label="Filter by status">
      <button
        type="button"
        className={styles.count}
        aria-pressed={isList && statuses.size === 0}
        onClick={() => show(new Set())}
      >
        <span className={styles.countNumber}>{formatCount(total)}</span>
        <span className={styles.countWord}>All</span>
      </button>
      {pushStatuses.map((status) => (
        <StatusCount
          key={status}
          status={status}
          count={fleet?.pushes[status] ?? 0}
          isPressed={statuses.has(status)}
          onToggle={toggle}
        />
      ))}
    </fieldset>
  );
}

/** Is this page narrowed by a status? From any other one a count leads to the pushes that it counts. */
function useIsList(): boolean {
  const path = usePathname();
  return path === '/' || path === '/pushes';
}

interface StatusCountProps {
  readonly status: PushStatus;
  readonly count: number;
  readonly isPressed: boolean;
  readonly onToggle: (status: PushStatus) => void;
}

const StatusCount = memo(({ status, count, isPressed, onToggle }: StatusCountProps) => (
  <button
    type="button"
    className={styles.count}
    title={statusTexts[status].meaning}
    data-status={status}
    data-empty={count === 0 || undefined}
    aria-pressed={isPressed}
    onClick={() => onToggle(status)}
  >
    <StatusShape status={status} size={11} />
    <span className={styles.countNumber}>{formatCount(count)}</span>
    <span className={styles.countWord}>{statusTexts[status].word}</span>
  </button>
));

function Vitals() {
  const fleet = useFleet();
  const egress = useEgress();
  const ready = fleet?.workers.ready ?? 0;
  const total = fleet?.workers.total ?? 0;
  const errors = fleet?.config.errors ?? 0;
  const isAway = fleet?.redis.away === true;
  return (
    <dl className={styles.vitals}>
      <div className={styles.vital}>
        <dt>Egress</dt>
        <dd>
          <Sparkline values={egress} length={120} width={72} height={20} />
          <span className={styles.egress}>{formatBitrate(fleet?.egress_bps ?? 0)}</span>
        </dd>
      </div>
      <div className={styles.vital} data-bad={(fleet !== undefined && ready === 0) || undefined}>
        <dt>Workers</dt>
        <dd>
          <Link href="/workers">
            {ready}/{total}
          </Link>
        </dd>
      </div>
      <div className={styles.vital} data-bad={isAway || undefined}>
        <dt>Redis</dt>
        <dd>{fleet === undefined ? '–' : isAway ? 'away' : 'OK'}</dd>
      </div>
      <div className={styles.vital} data-bad={errors > 0 || undefined}>
        <dt>Config</dt>
        <dd>
          <Link href="/config">
            {fleet === undefined
              ? '–'
              : errors > 0
                ? `${errors} error${errors === 1 ? '' : 's'}`
                : `r${fleet.config.revision}`}
          </Link>
        </dd>
      </div>
    </dl>
  );
}
