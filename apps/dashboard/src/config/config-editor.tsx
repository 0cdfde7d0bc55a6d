import { Button, Group, Modal, Text } from '@mantine/core';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { formatPlural } from '../format/bitrate.ts';
import { tellDone, tellFailure, tellRefusal } from '../shell/toasts.tsx';
import styles from './config.module.css';
import { applyConfig, fetchConfig } from './config-actions.ts';
import type { ConfigTextHandle } from './config-text.tsx';
import { DiagnosticList } from './diagnostic-list.tsx';
import { type ConfigDiagnostic, countSeverities } from './diagnostic-text.ts';
import { DiffView } from './diff-view.tsx';
import { useValidation } from './use-validation.ts';

const ConfigText = lazy(async () => ({ default: (await import('./config-text.tsx')).ConfigText }));
const noDiagnostics: readonly ConfigDiagnostic[] = [];

export interface ConfigEditorProps {
  /** With secrets in clear: what is written takes the place of the whole. */
  readonly base: string;
  readonly onClose: () => void;
}

/** The configuration in the hand of a person; it is checked while it is written and used when they say so. */
export function ConfigEditor({ base, onClose }: ConfigEditorProps) {
  const [text, setText] = useState(base);
  const [isAsking, setAsking] = useState(false);
  const handle = useRef<ConfigTextHandle>(null);
  const { validation, isCurrent, failure } = useValidation(text);
  const diagnostics = validation?.diagnostics ?? noDiagnostics;
  const { errors } = countSeverities(diagnostics);
  const isChanged = text !== base;
  useWarningOnLeave(isChanged);
  return (
    <>
      <div className={styles.editBar}>
        <span className={styles.editNote}>Secrets stand in clear while you edit.</span>
        <span className={styles.verdict} role="status" data-bad={errors > 0 || failure !== '' || undefined}>
          {failure !== '' ? failure : verdict(isCurrent, errors)}
        </span>
        <Button variant="default" onClick={onClose}>
          {isChanged ? 'Discard' : 'Close'}
        </Button>
        <Button disabled={!isChanged || !isCurrent || validation?.valid !== true} onClick={() => setAsking(true)}>
          Apply…
        </Button>
      </div>
      {diagnostics.length > 0 && (
        <DiagnosticList diagnostics={diagnostics} onGoTo={(line, column) => handle.current?.goTo(line, column)} />
      )}
      <div className={styles.text}>
        <Suspense>
          <ConfigText
            ref={handle}
            label="Configuration, editable"
            text={base}
            diagnostics={diagnostics}
            onChange={setText}
          />
        </Suspense>
      </div>
      <ApplyDialog base={base} text={text} isOpen={isAsking} onClose={() => setAsking(false)} onApplied={onClose} />
    </>
  );
}

const verdict = (isChecked: boolean, errors: number): string =>
  !isChecked ? 'Checking…' : errors > 0 ? formatPlural(errors, 'error', 'errors') : 'No errors';

function useWarningOnLeave(isChanged: boolean): void {
  useEffect(() => {
    if (!isChanged) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [isChanged]);
}

interface ApplyDialogProps {
  readonly base: string;
  readonly text: string;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly onApplied: () => void;
}

function ApplyDialog({ base, text, isOpen, onClose, onApplied }: ApplyDialogProps) {
  const [isBusy, setBusy] = useState(false);
  async function apply(): Promise<void> {
    setBusy(true);
    try {
      if ((await fetchConfig(true)) !== base) {
        tellRefusal(
          'Somebody else has changed the configuration meanwhile',
          'Copy what you have written, discard it, and edit again.',
        );
        return;
      }
      const { streams, pushes } = await applyConfig(text);
      tellDone(
        'The configuration is in use',
        `${formatPlural(streams, 'stream', 'streams')} and ${formatPlural(pushes, 'push', 'pushes')} changed.`,
      );
      onApplied();
    } catch (error) {
      tellFailure('The configuration was not applied', error);
    } finally {
      setBusy(false);
      onClose();
    }
  }
  return (
    <Modal
      opened={isOpen}
      onClose={onClose}
      title="Apply this configuration?"
      size={760}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Text size="sm" mb={10}>
        Only what differs is touched: pushes whose lines stay the same are not interrupted. What leaves the text is
        stopped and removed.
      </Text>
      {isOpen && (
        <div className={styles.applyDiff}>
          <DiffView before={base} after={text} />
        </div>
      )}
      <Group justify="flex-end" mt={18}>
        <Button variant="default" onClick={onClose} data-autofocus>
          Cancel
        </Button>
        <Button loading={isBusy} onClick={() => void apply()}>
          Apply
        </Button>
      </Group>
    </Modal>
  );
}
