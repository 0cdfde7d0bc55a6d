import { Button, Group, Loader, Modal } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useEffect } from 'react';
import { testTarget } from '../api/commands.ts';
import { toProblem } from '../api/problem.ts';
import { formatSpan } from '../format/time.ts';
import { Icon } from '../icons.tsx';
import { Refusal } from '../target/add-push-form.tsx';
import styles from './push.module.css';

const stepTitles: Readonly<Record<string, string>> = {
  dns: 'DNS',
  policy: 'Address policy',
  tcp: 'TCP',
  tls: 'TLS',
  handshake: 'Handshake',
  publish: 'Publish',
};

export interface TargetTestDialogProps {
  readonly push: string;
  readonly url: string;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

/** A worker tries the target step by step; the push itself is left alone. */
export function TargetTestDialog({ push, url, isOpen, onClose }: TargetTestDialogProps) {
  return (
    <Modal
      opened={isOpen}
      onClose={onClose}
      title="Test target"
      size={560}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <p className={styles.testUrl}>{url}</p>
      {isOpen && <TargetTest push={push} />}
    </Modal>
  );
}

/** Begins with the test at once. */
export function TargetTest({ push }: { readonly push: string }) {
  const { mutate, data, error, isPending } = useMutation({ mutationFn: () => testTarget(push) });
  useEffect(() => mutate(), [mutate]);
  return (
    <div aria-live="polite">
      {isPending && (
        <Group gap="xs" mih={180} justify="center">
          <Loader size="sm" /> A worker dials the target …
        </Group>
      )}
      {error && <Refusal problem={toProblem(error)} />}
      {data && (
        <>
          <ol className={styles.steps}>
            {data.steps.map(({ step, result, ms, detail, code, remedy }) => (
              <li key={step} data-result={result}>
                <span className={styles.stepMark}>
                  {result !== 'skipped' && <Icon name={result === 'ok' ? 'check' : 'close'} size={14} />}
                </span>
                <div>
                  <b>{stepTitles[step] ?? step}</b> <span className={styles.stepResult}>{result}</span>
                  {code !== null && <code> {code}</code>}
                  <div className={styles.stepDetail}>{detail}</div>
                  {remedy !== '' && <div className={styles.stepRemedy}>{remedy}</div>}
                </div>
                <span className={styles.stepTime}>{ms === null ? '' : formatSpan(ms)}</span>
              </li>
            ))}
          </ol>
          <p className={styles.quiet}>Tried by {data.worker}: what it reaches is what the push reaches.</p>
        </>
      )}
      <Group justify="flex-end" mt="md">
        <Button
          variant="default"
          onClick={() => mutate()}
          disabled={isPending}
          leftSection={<Icon name="restart" size={14} />}
        >
          Test again
        </Button>
      </Group>
    </div>
  );
}
