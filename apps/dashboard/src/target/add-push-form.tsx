import { Autocomplete, Button, Stack } from '@mantine/core';
import type { PushSpec } from '@pushfleet/config';
import { useMemo, useState } from 'react';
import { addPush, addStream, testNewTarget } from '../api/commands.ts';
import { Icon } from '../icons.tsx';
import { liveStore } from '../live/live-store.ts';
import { useStreamsVersion } from '../live/use-live.ts';
import { tellDone } from '../shell/toasts.tsx';
import { useSubmit } from '../shell/use-submit.ts';
import { presetOf, presetUrl } from './presets.ts';
import { PushFields } from './push-fields.tsx';
import { emptyPushForm, specOf } from './push-form-values.ts';
import { Refusal } from './refusal.tsx';
import styles from './target.module.css';
import { TargetFindings } from './target-findings.tsx';
import { TargetInput } from './target-input.tsx';
import { TargetTest } from './target-test.tsx';
import { useTargetCheck } from './use-target-check.ts';

export interface AddPushFormProps {
  /** The stream to push; asked for when it is not given. */
  readonly stream?: string;
  readonly onDone: (stream: string) => void;
  readonly onCancel?: () => void;
}

/** One form from nothing to a running push: stream, target, options. A stream that is not there yet is made, to be published to. */
export function AddPushForm({ stream: given, onDone, onCancel }: AddPushFormProps) {
  const [stream, setStream] = useState(given ?? '');
  const [presetId, setPresetId] = useState('custom');
  const [target, setTarget] = useState<Readonly<Record<string, string>>>({});
  const [values, setValues] = useState(emptyPushForm);
  const [isTried, setTried] = useState(false);
  /** What is being tried, as the form said when it was asked for. */
  const [tested, setTested] = useState<{ readonly spec: PushSpec; readonly stream: string; readonly key: number }>();
  const streamsVersion = useStreamsVersion();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version stands for what the store holds
  const streams = useMemo(() => [...liveStore.streams.keys()].sort(), [streamsVersion]);
  const preset = presetOf(presetId);
  const made = presetUrl(preset, target);
  const url = 'url' in made ? made.url : '';
  const check = useTargetCheck(url);
  const isNewStream = stream.trim() !== '' && !liveStore.streams.has(stream.trim());

  const { isBusy, problem, submit } = useSubmit(async () => {
    setTried(true);
    if (url === '') return;
    const name = stream.trim();
    if (isNewStream) await addStream(name, ['publish://']);
    await addPush(name, specOf({ ...values, url }));
    tellDone('Push added', `${name} → ${check?.host ?? ''}`);
    onDone(name);
  });

  function test() {
    setTried(true);
    if (url === '') return;
    setTested({ spec: specOf({ ...values, url }), stream: stream.trim(), key: (tested?.key ?? 0) + 1 });
  }

  const urlError = problem?.fieldError('url') ?? (problem?.code === 'invalid_target' ? problem.message : undefined);
  return (
    <form onSubmit={(event) => void submit(event)} aria-label="Add a push" noValidate>
      <Stack gap="md">
        {given === undefined && (
          <Autocomplete
            label="Stream"
            description={
              isNewStream ? 'A new stream, to be published to the fleet.' : 'An existing one, or a name for a new one.'
            }
            placeholder="news"
            required
            data={streams}
            limit={50}
            value={stream}
            onChange={setStream}
            error={
              problem?.fieldError('stream') ??
              problem?.fieldError('name') ??
              (isTried && stream.trim() === '' ? 'Stream is missing.' : undefined)
            }
            size="sm"
          />
        )}
        <TargetInput
          preset={preset}
          onPreset={(id) => {
            setPresetId(id);
            setTried(false);
          }}
          values={target}
          onValue={(name, value) => setTarget((before) => ({ ...before, [name]: value }))}
          problems={'problems' in made ? shownProblems(made.problems, target, isTried) : {}}
          urlError={urlError ?? (isTried && preset.id === 'custom' && url === '' ? 'URL is missing.' : undefined)}
        />
        <TargetFindings check={check} />
        <PushFields
          values={values}
          onChange={(change) => setValues((before) => ({ ...before, ...change }))}
          problem={problem}
          isHls={check?.protocol === 'hls' || check?.protocol === 'hlss'}
        />
        {tested !== undefined && tested.spec.url === url && (
          <section aria-label="Test of the target">
            <TargetTest key={tested.key} run={() => testNewTarget(tested.stream, tested.spec)} />
          </section>
        )}
        {problem !== undefined && urlError === undefined && <Refusal problem={problem} />}
        <div className={styles.foot}>
          <Button
            variant="default"
            size="sm"
            leftSection={<Icon name="test" size={14} />}
            onClick={test}
            className={styles.aside}
          >
            Test target
          </Button>
          {onCancel && (
            <Button variant="default" size="sm" onClick={onCancel}>
              Cancel
            </Button>
          )}
          <Button type="submit" size="sm" loading={isBusy}>
            Add push
          </Button>
        </div>
      </Stack>
    </form>
  );
}

/** What is missing is said when somebody tries to go on; what is wrong at once. */
function shownProblems(
  problems: Readonly<Record<string, string>>,
  values: Readonly<Record<string, string>>,
  isTried: boolean,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(problems).filter(([name]) => isTried || (values[name] ?? '').trim() !== ''));
}
