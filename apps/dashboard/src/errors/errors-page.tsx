import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { Link } from 'wouter';
import { toProblem } from '../api/problem.ts';
import { errorsQuery } from '../api/queries.ts';
import { formatPlural } from '../format/bitrate.ts';
import { TextFilter } from '../search/text-filter.tsx';
import { useParam } from '../search/use-filter.ts';
import { EmptyState } from '../shell/empty-state.tsx';
import { ErrorGroupItem } from './error-group.tsx';
import { groupKey, listErrors } from './error-list.ts';
import styles from './errors.module.css';

/** Failures grouped by cause and target host: one host that is down is one line, however many pushes go there. */
export function ErrorsPage() {
  const { data, error } = useQuery(errorsQuery);
  const [query, setQuery] = useParam('find', '');
  const { current, over } = useMemo(() => listErrors(data ?? [], query), [data, query]);
  const isQuiet = data?.length === 0;
  return (
    <div className={styles.page}>
      <div className={styles.toolbar}>
        <h1>Errors</h1>
        <TextFilter label="Search errors" placeholder="host, code or words …   /" value={query} onChange={setQuery} />
        {data !== undefined && !isQuiet && (
          <span className={styles.found}>
            {formatPlural(current.length, 'cause', 'causes')} now · {over.length} over
          </span>
        )}
      </div>
      {error !== null && data === undefined && (
        <EmptyState title="The errors cannot be shown" icon="errors">
          {toProblem(error).message} {toProblem(error).remedy}
        </EmptyState>
      )}
      {isQuiet && (
        <EmptyState title="No attempt has failed" icon="check">
          When pushes fail, they stand here by cause and target host, with whose fault it is and what helps. What
          happens otherwise is told by the <Link href="/events">events</Link>.
        </EmptyState>
      )}
      {!isQuiet && data !== undefined && current.length + over.length === 0 && (
        <EmptyState title="Nothing fits the search" icon="search" />
      )}
      {current.length > 0 && <Groups title="Now" groups={current} />}
      {over.length > 0 && <Groups title="Over" groups={over} />}
    </div>
  );
}

function Groups({ title, groups }: { readonly title: string; readonly groups: ReturnType<typeof listErrors>['over'] }) {
  return (
    <section aria-label={title}>
      <h2 className={styles.sectionTitle}>{title}</h2>
      <ul className={styles.list}>
        {groups.map((group) => (
          <ErrorGroupItem key={groupKey(group)} group={group} />
        ))}
      </ul>
    </section>
  );
}
