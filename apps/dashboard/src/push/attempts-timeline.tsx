import type { JournalEntry } from '@pushfleet/contract';
import type { PushRow } from '@pushfleet/contract/live';
import { useQuery } from '@tanstack/react-query';
import { attemptsQuery } from '../api/queries.ts';
import { formatBytes } from '../format/bitrate.ts';
import { formatSpan } from '../format/time.ts';
import { StatusShape } from '../status/status-shape.tsx';
import styles from './push-drawer.module.css';
import { Ago, Uptime } from './push-figures.tsx';

/** The journal: the attempt under way, then those that are over, newest first: connected, closed, why, how long, how much. */
export function AttemptsTimeline({ push }: { readonly push: PushRow }) {
  const { id, status, attempt, opened_at, last_error, failures_in_a_row, worker } = push;
  const mark = [attempt, opened_at, last_error?.at, failures_in_a_row, worker, status === 'running'].join(' ');
  const { data: attempts } = useQuery(attemptsQuery(id, mark));
  const isUnderWay = status === 'running' || status === 'stalled' || status === 'starting';
  const newestFirst = attempts?.toSorted((a, b) => (a.started_at < b.started_at ? 1 : -1)) ?? [];
  if (attempts !== undefined && attempts.length === 0 && !isUnderWay)
    return <p className={styles.none}>No attempt yet.</p>;
  return (
    <ol className={styles.timeline} aria-label="Attempts">
      {isUnderWay && (
        <li>
          <span className={styles.dot}>
            <StatusShape status={status} />
          </span>
          <div className={styles.attempt}>
            <div className={styles.attemptHead}>{status === 'starting' ? 'Connecting' : 'Connected'}</div>
            <div className={styles.attemptDetail}>
              {status === 'starting' ? 'under way' : <Uptime {...push} />} · {formatBytes(push.bytes)} · {worker}
            </div>
          </div>
          <span className={styles.when}>{opened_at !== null && <Ago at={opened_at} />}</span>
        </li>
      )}
      {newestFirst.map((entry) => (
        <EndedAttempt key={entry.started_at} entry={entry} />
      ))}
    </ol>
  );
}

function EndedAttempt({ entry }: { readonly entry: JournalEntry }) {
  const { started_at, connected_at, ended_at, cause, message, failed, bytes, worker, peer, attempt } = entry;
  const lasted = Date.parse(ended_at) - Date.parse(connected_at ?? started_at);
  return (
    <li>
      <span className={styles.dot}>
        <StatusShape status={failed ? 'error' : 'waiting'} size={11} />
      </span>
      <div className={styles.attempt}>
        <div className={styles.attemptHead}>
          {connected_at === null ? 'Not connected' : `Connected for ${formatSpan(lasted)}`} <code>{cause}</code>
        </div>
        <div>{message}</div>
        <div className={styles.attemptDetail}>
          attempt {attempt} · {connected_at === null ? `gave up after ${formatSpan(lasted)}` : formatBytes(bytes)} ·{' '}
          {worker}
          {peer !== '' && ` → ${peer}`}
        </div>
      </div>
      <span className={styles.when}>
        <Ago at={ended_at} />
      </span>
    </li>
  );
}
