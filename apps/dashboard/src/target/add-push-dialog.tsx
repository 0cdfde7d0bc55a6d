import { Modal } from '@mantine/core';
import { navigate } from 'wouter/use-browser-location';
import { streamPath } from '../shell/routes.ts';
import { AddPushForm } from './add-push-form.tsx';

export interface AddPushDialogProps {
  /** The stream to push; asked for when it is not given. */
  readonly stream?: string;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

export function AddPushDialog({ stream, isOpen, onClose }: AddPushDialogProps) {
  return (
    <Modal
      opened={isOpen}
      onClose={onClose}
      size={640}
      title={stream === undefined ? 'Add a push' : `Add a push of ${stream}`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <AddPushForm
        {...(stream !== undefined && { stream })}
        onCancel={onClose}
        onDone={(name) => {
          onClose();
          if (stream === undefined) navigate(streamPath(name, 'output'));
        }}
      />
    </Modal>
  );
}
