import { type ReactNode, useState } from 'react';
import { loadedWhenOpened } from '../shell/on-demand.tsx';

const EditPushDialog = loadedWhenOpened(async () => (await import('./edit-push-dialog.tsx')).EditPushDialog);
const TargetTestDialog = loadedWhenOpened(async () => (await import('./target-test-dialog.tsx')).TargetTestDialog);
const RemoveDialog = loadedWhenOpened(async () => (await import('../pushes/remove-dialog.tsx')).RemoveDialog);

type Dialog = 'edit' | 'test' | 'remove';

export interface PushDialogs {
  readonly open: (dialog: Dialog) => void;
  /** To be placed somewhere in the page. */
  readonly dialogs: ReactNode;
}

/** What is asked or shown in a window of its own about one push. */
export function usePushDialogs(
  push: { readonly id: string; readonly url: string },
  onRemoved?: () => void,
): PushDialogs {
  const [shown, setShown] = useState<Dialog>();
  const close = () => setShown(undefined);
  return {
    open: setShown,
    dialogs: (
      <>
        <EditPushDialog push={push.id} isOpen={shown === 'edit'} onClose={close} />
        <TargetTestDialog push={push.id} url={push.url} isOpen={shown === 'test'} onClose={close} />
        <RemoveDialog ids={[push.id]} isOpen={shown === 'remove'} onClose={close} {...(onRemoved && { onRemoved })} />
      </>
    ),
  };
}
