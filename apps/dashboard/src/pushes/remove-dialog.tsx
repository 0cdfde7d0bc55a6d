import { Button, Group, Modal, Text } from '@mantine/core';
import { formatPlural } from '../format/bitrate.ts';
import { liveStore } from '../live/live-store.ts';
import { runAction } from './run-action.ts';

export interface RemoveDialogProps {
  readonly ids: readonly string[];
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly onRemoved?: () => void;
}

/** Asks before pushes are removed, with their number on the button. Those of the config file stay, and it says so. */
export function RemoveDialog({ ids, isOpen, onClose, onRemoved }: RemoveDialogProps) {
  const pushes = ids.flatMap((id) => liveStore.rows.get(id) ?? []);
  const removable = pushes.filter(({ origin }) => origin !== 'file');
  const onAir = removable.filter(({ status }) => status === 'running').length;
  const kept = pushes.length - removable.length;
  return (
    <Modal
      opened={isOpen}
      onClose={onClose}
      title={
        removable.length > 0
          ? `Remove ${formatPlural(removable.length, 'push', 'pushes')}?`
          : 'Nothing can be removed here'
      }
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {onAir > 0 && (
        <Text size="sm" c="var(--red)" fw={600} mb={8}>
          {onAir === 1 && removable.length === 1
            ? 'It is on air now.'
            : `${onAir} of them ${onAir === 1 ? 'is' : 'are'} on air now.`}
        </Text>
      )}
      {removable.length > 0 && (
        <Text size="sm">
          Sending stops at once, and URL, key and settings are gone. To stop for a while, pause instead.
        </Text>
      )}
      {kept > 0 && (
        <Text size="sm" mt={8}>
          {formatPlural(kept, 'push belongs', 'pushes belong')} to the config file and {kept === 1 ? 'stays' : 'stay'}:
          remove the line there.
        </Text>
      )}
      <Group justify="flex-end" mt={18}>
        <Button variant="default" onClick={onClose} data-autofocus>
          Cancel
        </Button>
        {removable.length > 0 && (
          <Button
            color="red"
            onClick={() => {
              onClose();
              void runAction(
                'remove',
                removable.map(({ id }) => id),
              ).then(onRemoved);
            }}
          >
            Remove {formatPlural(removable.length, 'push', 'pushes')}
          </Button>
        )}
      </Group>
    </Modal>
  );
}
