import { useClipboard } from '@mantine/hooks';
import { IconButton } from '../shell/icon-button.tsx';
import styles from './copy-text.module.css';

export interface CopyTextProps {
  readonly label: string;
  readonly text: string;
}

/** A text to take along, with a button that copies it. */
export function CopyText({ label, text }: CopyTextProps) {
  const { copy, copied } = useClipboard({ timeout: 1_500 });
  return (
    <figure className={styles.figure}>
      <figcaption>
        {label}
        <IconButton
          icon={copied ? 'check' : 'copy'}
          label={copied ? 'Copied' : `Copy ${label}`}
          onClick={() => copy(text)}
        />
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be reached with the keyboard */}
      <pre className="mono" tabIndex={0}>
        {text}
      </pre>
    </figure>
  );
}
