import type { PushRow } from '@pushfleet/contract/live';
import { useQuery } from '@tanstack/react-query';
import { errorCodesQuery } from '../api/queries.ts';
import { statusReason } from '../status/push-status-text.ts';
import styles from './push.module.css';
import { Ago } from './push-figures.tsx';

type ReasonFields = Pick<PushRow, 'status' | 'reason' | 'last_error' | 'paused'>;

/** Why a push does not run, in place, with what helps against it. */
export function ReasonBox({ push }: { readonly push: ReasonFields }) {
  const { data: codes } = useQuery(errorCodesQuery);
  const reason = statusReason(push);
  if (reason === '') return null;
  const error = push.status === 'retry' || push.status === 'error' ? push.last_error : null;
  const remedy = error === null ? undefined : codes?.get(error.code)?.remedy;
  return (
    <div className={styles.reason} data-status={push.status}>
      <div>
        {reason}
        {error !== null && (
          <span className={styles.errorMark}>
            <code>{error.code}</code> · <Ago at={error.at} />
          </span>
        )}
      </div>
      {remedy !== undefined && <div className={styles.remedy}>{remedy}</div>}
      {push.status === 'error' && (
        <div className={styles.remedy}>Nothing is tried until you restart the push or change it.</div>
      )}
    </div>
  );
}
