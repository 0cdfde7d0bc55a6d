import { Button } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { Icon } from '../icons.tsx';
import { loadedWhenOpened } from '../shell/on-demand.tsx';

const AddPushDialog = loadedWhenOpened(async () => (await import('./add-push-dialog.tsx')).AddPushDialog);

/** Opens the form of a new push. */
export function AddPushButton({ stream }: { readonly stream?: string }) {
  const [isOpen, { open, close }] = useDisclosure();
  return (
    <>
      <Button leftSection={<Icon name="plus" size={14} />} onClick={open}>
        Add push
      </Button>
      <AddPushDialog isOpen={isOpen} onClose={close} {...(stream !== undefined && { stream })} />
    </>
  );
}
