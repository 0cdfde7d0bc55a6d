import type { ErrorGroup } from '@pushfleet/contract';
import { Link } from 'wouter';
import { formatCount, formatPlural } from '../format/bitrate.ts';
import { Moment } from '../format/moment.tsx';
import { pushesOfGroup } from './error-list.ts';
import styles from './errors.module.css';
import { type Fault, faultOf, faultTexts } from './fault.ts';
import { FaultShape } from './fault-shape.tsx';

/** One kind of failure at one host: what, where, since when, and what helps. */
export function ErrorGroupItem({ group }: { readonly group: ErrorGroup }) {
  const { code, host, title, remedy, affected, attempts, first_seen, last_seen, last_message: message } = group;
  const fault = faultOf(group);
  // Messages begin with the sentence of their code, which stands above.
  const detail = message.startsWith(title) ? message.slice(title.length).trim() : message;
  return (
    <li className={styles.group} data-current={affected > 0 || undefined} aria-label={`${code} at ${host}`}>
      <FaultMark fault={fault} />
      <div className={styles.what}>
        <h3>{title || `An error of another version: ${code}`}</h3>
        <p className={styles.where}>
          <code>{host === '' ? 'no host' : host}</code>
          <code className={styles.code}>{code}</code>
        </p>
        {detail !== '' && <p className={styles.message}>{detail}</p>}
        {remedy !== '' && <p className={styles.remedy}>{remedy}</p>}
      </div>
      <p className={styles.affected}>
        {affected > 0 ? (
          <Link href={pushesOfGroup(group)}>
            <b>{formatCount(affected)}</b> {affected === 1 ? 'push' : 'pushes'} now
          </Link>
        ) : (
          'none now'
        )}
      </p>
      <dl className={styles.facts}>
        <div>
          <dt>Last</dt>
          <dd>
            <Moment at={last_seen} />
          </dd>
        </div>
        <div>
          <dt>First</dt>
          <dd>
            <Moment at={first_seen} />
          </dd>
        </div>
        <div>
          <dt>Failed</dt>
          <dd>{formatPlural(attempts, 'attempt', 'attempts')}</dd>
        </div>
      </dl>
    </li>
  );
}

function FaultMark({ fault }: { readonly fault: Fault }) {
  const { word, meaning } = faultTexts[fault];
  return (
    <span className={styles.fault} data-fault={fault} title={meaning}>
      <FaultShape fault={fault} />
      {word}
    </span>
  );
}
