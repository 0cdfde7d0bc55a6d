import { Button, CloseButton, Group, Modal, Text } from '@mantine/core';
import { useEffect, useState } from 'react';
import { formatPlural } from '../format/bitrate.ts';
import { Icon } from '../icons.tsx';
import { liveStore, useRowsVersion } from '../live/use-live.ts';
import { useOpenPush } from '../search/use-filter.ts';
import { useShortcut } from '../shell/shortcuts.ts';
import { pointedPush } from './pointed-push.ts';
import { runAction, togglePause } from './run-action.ts';
import { clearSelection, currentSelection, keepSelected, useSelection } from './selection.ts';
import styles from './selection-bar.module.css';

/** What can be done to the selected pushes; there while some are. Also hears the keys `p` and `r` for lists. */
export function SelectionBar() {
  const selection = useSelection();
  const [isAsking, setAsking] = useState(false);
  const openPush = useOpenPush();
  const rowsVersion = useRowsVersion();
  // biome-ignore lint/correctness/useExhaustiveDependencies: looked at whenever rows have changed
  useEffect(() => keepSelected((id) => liveStore.rows.has(id)), [rowsVersion]);
  const meant = (): readonly string[] => {
    const selected = currentSelection();
    if (selected.size > 0) return [...selected];
    const pointed = pointedPush();
    return pointed === undefined ? [] : [pointed];
  };
  useShortcut('p', () => meant().length > 0 && togglePause(meant()));
  useShortcut('r', () => meant().length > 0 && void runAction('restart', meant()));
  // With the drawer open the key closes that.
  useShortcut('Escape', clearSelection, selection.size > 0 && openPush === null);
  if (selection.size === 0) return null;
  const ids = [...selection];
  const count = formatPlural(ids.length, 'push', 'pushes');
  return (
    <section className={styles.bar} aria-label="Selected pushes">
      <CloseButton aria-label="Clear the selection" onClick={clearSelection} size="sm" />
      <span className={styles.count}>{count} selected</span>
      <Group gap={6} wrap="nowrap">
        <Button
          variant="default"
          leftSection={<Icon name="pause" size={14} />}
          onClick={() => void runAction('pause', ids)}
        >
          Pause
        </Button>
        <Button
          variant="default"
          leftSection={<Icon name="play" size={14} />}
          onClick={() => void runAction('resume', ids)}
        >
          Resume
        </Button>
        <Button
          variant="default"
          leftSection={<Icon name="restart" size={14} />}
          onClick={() => void runAction('restart', ids)}
        >
          Restart
        </Button>
        <Button
          color="red"
          variant="light"
          leftSection={<Icon name="trash" size={14} />}
          onClick={() => setAsking(true)}
        >
          Remove
        </Button>
      </Group>
      <RemoveDialog ids={ids} isOpen={isAsking} onClose={() => setAsking(false)} />
    </section>
  );
}

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
