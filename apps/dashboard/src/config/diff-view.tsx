import styles from './config.module.css';
import { diffLines, nearChanges } from './text-diff.ts';

const AROUND = 2;
const signs = { same: ' ', removed: '−', added: '+' } as const;
const words = { same: undefined, removed: 'removed', added: 'added' } as const;

export interface DiffViewProps {
  readonly before: string;
  readonly after: string;
}

/** What makes one text the other; lines far from a change are left out. */
export function DiffView({ before, after }: DiffViewProps) {
  const lines = nearChanges(diffLines(before, after), AROUND);
  return (
    <div className={styles.diff}>
      {lines.map((line, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a line has no other name than its place
        <div key={i} className={styles.diffLine} data-change={line?.change ?? 'left-out'}>
          <span aria-hidden="true">{line === undefined ? '⋯' : signs[line.change]}</span>
          <code>
            {line !== undefined && words[line.change] !== undefined && (
              <span className="visually-hidden">{words[line.change]}: </span>
            )}
            {line?.text}
          </code>
        </div>
      ))}
    </div>
  );
}
