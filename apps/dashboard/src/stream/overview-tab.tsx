import type { PushRow, StreamRow } from '@pushfleet/contract/live';
import { Link } from 'wouter';
import { Preview } from '../preview/preview.tsx';
import { MediaTracks } from '../push/media-info.tsx';
import { Ago } from '../push/push-figures.tsx';
import { PushUrl } from '../push/push-url.tsx';
import { streamPath } from '../shell/routes.ts';
import { byAttention } from '../status/push-status.ts';
import { statusReason } from '../status/push-status-text.ts';
import { StatusLabel } from '../status/status-label.tsx';
import styles from './stream.module.css';

export interface OverviewTabProps {
  readonly stream: StreamRow;
  readonly pushes: readonly PushRow[];
}

/** Pushes named here; the Output tab has all. */
const MAX_SHOWN = 12;

/** What comes in, with a picture, and how the pushes do. */
export function OverviewTab({ stream, pushes }: OverviewTabProps) {
  const worstFirst = [...pushes].sort((a, b) => byAttention(a.status, b.status));
  return (
    <div className={styles.overview}>
      <div className={styles.column}>
        <Preview stream={stream.name} isLive={stream.status === 'running'} />
        <section className={styles.card}>
          <h2>Media</h2>
          <MediaTracks stream={stream.name} />
        </section>
      </div>
      <div className={styles.column}>
        <InputCard stream={stream} />
        <section className={styles.card}>
          <h2>Pushes</h2>
          {pushes.length === 0 && <p className={styles.none}>This stream is pushed nowhere yet.</p>}
          <ul className={styles.pushList}>
            {worstFirst.slice(0, MAX_SHOWN).map((push) => (
              <li key={push.id}>
                <StatusLabel {...push} />
                <PushUrl push={push} />
                <span className={styles.reason} data-status={push.status}>
                  {statusReason(push)}
                </span>
              </li>
            ))}
          </ul>
          <Link href={streamPath(stream.name, 'output')}>
            {pushes.length > MAX_SHOWN ? `All ${pushes.length} pushes` : 'To the output'}
          </Link>
        </section>
      </div>
    </div>
  );
}

function InputCard({ stream }: { readonly stream: StreamRow }) {
  const { source, inputs, status } = stream;
  return (
    <section className={styles.card}>
      <h2>Input</h2>
      <dl className={styles.facts}>
        <dt>State</dt>
        <dd>{status === 'running' ? 'live' : status === 'waiting' ? 'nothing comes in' : 'disabled'}</dd>
        {source !== null && (
          <>
            <dt>Publisher</dt>
            <dd>
              {source.publisher}, since <Ago at={source.since} />
            </dd>
            <dt>Worker</dt>
            <dd>{source.worker}</dd>
          </>
        )}
        <dt>{inputs.length === 1 ? 'Input' : 'Inputs, in order'}</dt>
        <dd>
          {inputs.length === 0 && 'none'}
          {inputs.map((input) => (
            <div key={input}>
              <code>{input}</code>
            </div>
          ))}
        </dd>
        <dt>Password</dt>
        <dd>{stream.has_password ? 'asked from publishers' : 'none'}</dd>
      </dl>
      {status === 'waiting' && inputs.some((input) => input.startsWith('publish:')) && (
        <p className={styles.hint}>
          Publish to any worker: <code>rtmp://WORKER:1935/{stream.name}</code>, or with OBS server{' '}
          <code>rtmp://WORKER:1935/live</code> and stream key <code>{stream.name}</code>.
        </p>
      )}
    </section>
  );
}
