import { Kbd, Modal } from '@mantine/core';
import type { ReactNode } from 'react';
import styles from './help-dialog.module.css';
import { sections } from './routes.ts';
import { shortcuts } from './shortcuts.ts';

export interface HelpDialogProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

/** What may be written into the search of streams and pushes. */
const searchExamples = [
  { words: 'news youtube', what: 'both somewhere in stream, URL, comment or labels' },
  { words: 'status:retry', what: 'also stream: host: worker: protocol: pool: origin: error:' },
  { words: 'stream:cam*', what: '* stands for anything' },
] as const;

export function HelpDialog({ isOpen, onClose }: HelpDialogProps) {
  return (
    <Modal
      opened={isOpen}
      onClose={onClose}
      title="Keyboard and help"
      size={640}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <div className={styles.columns}>
        <Part title="Everywhere">
          {shortcuts.map(({ key, what }) => (
            <Line key={key} term={<Kbd>{key}</Kbd>} what={what} />
          ))}
        </Part>
        <Part title="Go to">
          {sections.map(({ key, label }) => (
            <Line
              key={key}
              term={
                <>
                  <Kbd>g</Kbd> <Kbd>{key}</Kbd>
                </>
              }
              what={label}
            />
          ))}
        </Part>
      </div>
      <Part title="Search">
        {searchExamples.map(({ words, what }) => (
          <Line key={words} term={<code>{words}</code>} what={what} />
        ))}
      </Part>
      <p className={styles.links}>
        <a href="/docs">API</a>
        <a href="/queues">Queues</a>
        <a href="/metrics">Metrics</a>
      </p>
    </Modal>
  );
}

function Part({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <section className={styles.part}>
      <h3>{title}</h3>
      <dl>{children}</dl>
    </section>
  );
}

function Line({ term, what }: { readonly term: ReactNode; readonly what: string }) {
  return (
    <div>
      <dt>{term}</dt>
      <dd>{what}</dd>
    </div>
  );
}
