import {
  Button,
  Checkbox,
  Group,
  Modal,
  NumberInput,
  PasswordInput,
  Stack,
  Switch,
  Textarea,
  TextInput,
} from '@mantine/core';
import type { StreamRow } from '@pushfleet/contract/live';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { changeStream } from '../api/commands.ts';
import { streamQuery } from '../api/queries.ts';
import { tellDone } from '../shell/toasts.tsx';
import { useSubmit } from '../shell/use-submit.ts';
import { numberOf } from '../target/number-of.ts';
import { Refusal } from '../target/refusal.tsx';
import styles from '../target/target.module.css';
import { type StreamFormValues, streamFormOf, streamPatchOf } from './stream-form-values.ts';

export interface EditStreamDialogProps {
  readonly stream: StreamRow;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

export function EditStreamDialog({ stream, isOpen, onClose }: EditStreamDialogProps) {
  return (
    <Modal
      opened={isOpen}
      onClose={onClose}
      title={`Edit ${stream.name}`}
      size={640}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <EditStreamForm stream={stream} onClose={onClose} />
    </Modal>
  );
}

function EditStreamForm({ stream, onClose }: { readonly stream: StreamRow; readonly onClose: () => void }) {
  // What somebody else changes meanwhile does not overwrite what is being typed.
  const [before] = useState(() => streamFormOf(stream));
  const [values, setValues] = useState(before);
  const queries = useQueryClient();
  const patch = streamPatchOf(before, values);
  const { isBusy, problem, submit } = useSubmit(async () => {
    await changeStream(stream.name, patch);
    void queries.invalidateQueries({ queryKey: streamQuery(stream.name).queryKey });
    tellDone('Stream changed', stream.name);
    onClose();
  });
  const change = (changed: Partial<StreamFormValues>) => setValues((now) => ({ ...now, ...changed }));
  const error = (field: string) => problem?.fieldError(field);

  return (
    <form onSubmit={(event) => void submit(event)} aria-label="Edit stream" noValidate>
      <Stack gap="md">
        <Textarea
          label="Inputs"
          description="One a line, the first one that works is taken: publish:// for whoever publishes to a worker, or a URL that is pulled. *** stands for a secret: such a line stays what it is."
          placeholder="publish://"
          autosize
          minRows={2}
          spellCheck={false}
          classNames={{ input: styles.url }}
          value={values.inputs}
          onChange={(event) => change({ inputs: event.currentTarget.value })}
          error={error('inputs')}
        />
        <Group grow align="flex-start" gap="sm">
          <NumberInput
            label="Source timeout"
            description="silence before the next input"
            placeholder="as the worker has it"
            suffix=" s"
            min={0.1}
            value={values.source_timeout}
            onChange={(value) => change({ source_timeout: numberOf(value) })}
            error={error('source_timeout')}
          />
          <NumberInput
            label="Segment duration"
            description="of HLS pushes"
            placeholder="6"
            suffix=" s"
            min={0.1}
            value={values.segment_duration}
            onChange={(value) => change({ segment_duration: numberOf(value) })}
            error={error('segment_duration')}
          />
          <NumberInput
            label="Segment count"
            description="in the live playlist"
            placeholder="6"
            min={1}
            allowDecimal={false}
            value={values.segment_count}
            onChange={(value) => change({ segment_count: numberOf(value) })}
            error={error('segment_count')}
          />
        </Group>
        <Switch
          label="Enable"
          description="Off: neither read nor pushed, inputs and settings stay"
          checked={values.enabled}
          onChange={(event) => change({ enabled: event.currentTarget.checked })}
        />
        <TextInput
          label="Title"
          value={values.title}
          onChange={(event) => change({ title: event.currentTarget.value })}
          error={error('title')}
        />
        <TextInput
          label="Comment"
          value={values.comment}
          onChange={(event) => change({ comment: event.currentTarget.value })}
          error={error('comment')}
        />
        <PasswordInput
          label="Password"
          description={stream.has_password ? 'One is asked from publishers; it is never shown.' : 'None is asked now.'}
          placeholder={stream.has_password ? 'unchanged' : 'none'}
          autoComplete="new-password"
          disabled={values.removesPassword}
          value={values.password}
          onChange={(event) => change({ password: event.currentTarget.value })}
          error={error('password')}
          visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
        />
        {stream.has_password && (
          <Checkbox
            label="Let anybody publish: take the password away"
            checked={values.removesPassword}
            onChange={(event) => change({ removesPassword: event.currentTarget.checked })}
          />
        )}
        {problem !== undefined && <Refusal problem={problem} />}
        <div className={styles.foot}>
          <Button variant="default" size="sm" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" size="sm" loading={isBusy} disabled={Object.keys(patch).length === 0}>
            Save
          </Button>
        </div>
      </Stack>
    </form>
  );
}
