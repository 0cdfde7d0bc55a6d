import type { ReactNode } from 'react';
import { formatAgo, formatSpan } from '../format/time.ts';
import { Icon } from '../icons.tsx';
import { useClock } from '../live/clock.ts';
import { useConnection, useFleet } from '../live/use-live.ts';
import styles from './shell.module.css';

/** What makes everything below it doubtful: no line to the scheduler, no Redis, no worker. */
export function Banner() {
  const connection = useConnection();
  const fleet = useFleet();
  if (connection.state === 'offline') return <Offline sinceMs={connection.sinceMs} />;
  if (fleet?.redis.away) return <RedisAway asOf={fleet.redis.as_of} />;
  const wanted = fleet === undefined ? 0 : Object.values(fleet.pushes).reduce((sum, count) => sum + count, 0);
  if (fleet !== undefined && fleet.workers.ready === 0 && wanted > 0)
    return (
      <Strip level="error">
        <b>No worker takes pushes.</b> Nothing new is started until one is there: start a worker, or undrain one.
      </Strip>
    );
  return null;
}

function Offline({ sinceMs }: { readonly sinceMs: number }) {
  const span = useClock(() => formatSpan(Math.floor((Date.now() - sinceMs) / 1_000) * 1_000));
  return (
    <Strip level="error">
      <b>No connection to the scheduler.</b> What you see is {span} old. Pushes go on meanwhile; this page reconnects by
      itself.
    </Strip>
  );
}

function RedisAway({ asOf }: { readonly asOf: string | null }) {
  const ago = useClock((nowMs) => (asOf === null ? '' : formatAgo(nowMs - Date.parse(asOf))));
  return (
    <Strip level="warning">
      <b>The scheduler cannot reach Redis.</b> What you see is from {ago || 'before'}. Running pushes go on; nothing can
      be changed until Redis is back.
    </Strip>
  );
}

function Strip({ level, children }: { readonly level: 'error' | 'warning'; readonly children: ReactNode }) {
  return (
    <div className={styles.banner} data-level={level} role="alert">
      <Icon name="errors" size={16} />
      <span>{children}</span>
    </div>
  );
}
