import { Button, Loader, Modal, PasswordInput, Stack } from '@mantine/core';
import type { PushDetail } from '@pushfleet/contract';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { changePush } from '../api/commands.ts';
import { pushQuery, queryClient } from '../api/queries.ts';
import { usePush } from '../live/use-live.ts';
import { tellDone } from '../shell/toasts.tsx';
import { useSubmit } from '../shell/use-submit.ts';
import { PushFields } from '../target/push-fields.tsx';
import { patchOf, pushFormOf } from '../target/push-form-values.ts';
import { Refusal } from '../target/refusal.tsx';
import styles from '../target/target.module.css';
import { TargetFindings } from '../target/target-findings.tsx';
import { useTargetCheck } from '../target/use-target-check.ts';

export interface EditPushDialogProps {
  readonly push: string;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

export function EditPushDialog({ push: id, isOpen, onClose }: EditPushDialogProps) {
  const revision = usePush(id)?.revision ?? 0;
  const { data } = useQuery({ ...pushQuery(id, revision), enabled: isOpen });
  return (
    <Modal opened={isOpen} onClose={onClose} title="Edit push" size={640} closeButtonProps={{ 'aria-label': 'Close' }}>
      {/* What somebody else changes meanwhile does not overwrite what is being typed. */}
      {data === undefined ? <Loader size="sm" /> : <EditPushForm key={id} push={data} onClose={onClose} />}
    </Modal>
  );
}

function EditPushForm({ push, onClose }: { readonly push: PushDetail; readonly onClose: () => void }) {
  const [before] = useState(() => pushFormOf(push));
  const [values, setValues] = useState(before);
  const check = useTargetCheck(values.url);
  const patch = patchOf(before, values);
  const isChanged = Object.keys(patch).length > 0;
  const { isBusy, problem, submit } = useSubmit(async () => {
    await changePush(push.id, patch);
    void queryClient.invalidateQueries({ queryKey: ['push', push.id] });
    tellDone('Push changed', push.url);
    onClose();
  });
  const urlError = problem?.fieldError('url') ?? (problem?.code === 'invalid_target' ? problem.message : undefined);

  return (
    <form onSubmit={(event) => void submit(event)} aria-label="Edit push" noValidate>
      <Stack gap="md">
        <PasswordInput
          label="URL"
          description={`Now ${push.url}. Leave it empty to keep it; the key is never shown.`}
          placeholder="unchanged"
          autoComplete="off"
          value={values.url}
          onChange={(event) => setValues({ ...values, url: event.currentTarget.value })}
          error={urlError}
        />
        {values.url !== '' && <TargetFindings check={check} />}
        <PushFields
          values={values}
          onChange={(change) => setValues((now) => ({ ...now, ...change }))}
          problem={problem}
          isHls={/^hlss?$/.test(check?.protocol ?? push.protocol)}
        />
        {problem !== undefined && urlError === undefined && <Refusal problem={problem} />}
        <div className={styles.foot}>
          <Button variant="default" size="sm" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" size="sm" loading={isBusy} disabled={!isChanged}>
            Save
          </Button>
        </div>
      </Stack>
    </form>
  );
}
