import type { TargetCheckView } from '@pushfleet/contract';
import { Icon } from '../icons.tsx';
import styles from './target.module.css';

/** What a push URL means and what is wrong with it, part by part. Keeps its place while empty, so that the form does not jump. */
export function TargetFindings({ check }: { readonly check: TargetCheckView | undefined }) {
  return (
    <div className={styles.findings} role="status" aria-label="About this URL">
      {check?.protocol != null && (
        <p className={styles.summary}>
          {check.protocol.toUpperCase()} to <b>{check.host ?? '?'}</b>
          {check.port !== null && `, port ${check.port}`}
          {check.tls ? ', encrypted' : ', not encrypted'}
        </p>
      )}
      {check?.findings.map(({ level, part, message, remedy }) => (
        <p key={`${part} ${message}`} className={styles.finding} data-level={level}>
          <Icon name={level === 'info' ? 'check' : 'errors'} size={14} />
          <span>
            {message} {remedy}
          </span>
        </p>
      ))}
    </div>
  );
}
