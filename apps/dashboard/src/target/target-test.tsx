import { Button, Group, Loader } from '@mantine/core';
import type { TargetTest as Outcome } from '@pushfleet/contract';
import { useMutation } from '@tanstack/react-query';
import { useEffect } from 'react';
import { toProblem } from '../api/problem.ts';
import { formatSpan } from '../format/time.ts';
import { Icon } from '../icons.tsx';
import { Refusal } from './refusal.tsx';
import styles from './target-test.module.css';

const stepTitles: Readonly<Record<string, string>> = {
  dns: 'DNS',
  policy: 'Address policy',
  tcp: 'TCP',
  tls: 'TLS',
  handshake: 'Handshake',
  publish: 'Publish',
};

/** A worker tries a target step by step. Begins at once; `run` asks for it. */
export function TargetTest({ run }: { readonly run: () => Promise<Outcome> }) {
  const { mutate, data, error, isPending } = useMutation({ mutationFn: run });
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
          <p className={styles.by}>Tried by {data.worker}: what it reaches is what the push reaches.</p>
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
