import type { ConfigState } from '@pushfleet/contract';
import { EmptyState } from '../shell/empty-state.tsx';
import styles from './config.module.css';
import { DiffView } from './diff-view.tsx';

const changeWords = { added: 'Would be added', changed: 'Would be changed', removed: 'Would be removed' } as const;

/** What the file would do to what runs. */
export function Differences({ state }: { readonly state: ConfigState }) {
  const { differences, diagnostics } = state;
  if (differences.length === 0) {
    const hasErrors = diagnostics.some(({ severity }) => severity === 'error');
    return (
      <EmptyState title="What runs is what was read last" icon="check">
        {hasErrors
          ? 'The file as it is now cannot be read: nothing of it is taken over until its errors are gone.'
          : 'There is no difference. Pausing a push here changes no line of the file.'}
      </EmptyState>
    );
  }
  return (
    <ul className={styles.differences} aria-label="Differences">
      {differences.map(({ change, object, stream, push, running, file }) => (
        <li key={`${object} ${stream} ${push ?? file ?? running}`}>
          <h3>
            <span className={styles.change} data-change={change}>
              {changeWords[change]}
            </span>
            {object === 'stream' ? `stream ${stream}` : `push of ${stream}`}
            {push !== null && <code>{push}</code>}
          </h3>
          <DiffView before={running ?? ''} after={file ?? ''} />
        </li>
      ))}
    </ul>
  );
}
