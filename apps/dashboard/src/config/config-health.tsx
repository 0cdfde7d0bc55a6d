import type { ConfigState } from '@pushfleet/contract';
import { formatPlural } from '../format/bitrate.ts';
import { Icon } from '../icons.tsx';
import styles from './config.module.css';
import { countSeverities } from './diagnostic-text.ts';

/** Whether what runs is what the text says, in one line. */
export function ConfigHealth({ state }: { readonly state: ConfigState }) {
  const { level, text } = health(state);
  return (
    <span className={styles.health} data-level={level} role="status">
      <Icon name={level === 'good' ? 'check' : 'errors'} size={15} />
      {text}
    </span>
  );
}

function health({ diagnostics, differences, source }: ConfigState) {
  const { errors, warnings } = countSeverities(diagnostics);
  if (errors > 0)
    return { level: 'bad', text: `${formatPlural(errors, 'error', 'errors')}: what was read before holds` } as const;
  if (differences.length > 0)
    return {
      level: 'warning',
      text: `${formatPlural(differences.length, 'difference', 'differences')} to what runs`,
    } as const;
  if (warnings > 0) return { level: 'warning', text: formatPlural(warnings, 'warning', 'warnings') } as const;
  return { level: 'good', text: source === 'file' ? 'runs as the file says' : 'runs as it stands here' } as const;
}
