import { Button, Modal } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { navigate } from 'wouter/use-browser-location';
import { Icon } from '../icons.tsx';
import { streamPath } from '../shell/routes.ts';
import { AddPushForm } from './add-push-form.tsx';

/** Opens the form of a new push. */
export function AddPushButton({ stream }: { readonly stream?: string }) {
  const [isOpen, { open, close }] = useDisclosure();
  return (
    <>
      <Button leftSection={<Icon name="plus" size={14} />} onClick={open}>
        Add push
      </Button>
      <Modal
        opened={isOpen}
        onClose={close}
        size={640}
        title={stream === undefined ? 'Add a push' : `Add a push of ${stream}`}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <AddPushForm
          {...(stream !== undefined && { stream })}
          onCancel={close}
          onDone={(name) => {
            close();
            if (stream === undefined) navigate(streamPath(name, 'output'));
          }}
        />
      </Modal>
    </>
  );
}
