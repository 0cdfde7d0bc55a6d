import { Button, CloseButton, Group } from '@mantine/core';
import { useEffect, useState } from 'react';
import { formatPlural } from '../format/bitrate.ts';
import { Icon } from '../icons.tsx';
import { liveStore } from '../live/live-store.ts';
import { useRowsVersion } from '../live/use-live.ts';
import { useOpenPush } from '../search/use-filter.ts';
import { loadedWhenOpened } from '../shell/on-demand.tsx';
import { useShortcut } from '../shell/shortcuts.ts';
import { pointedPush } from './pointed-push.ts';
import { runAction, togglePause } from './run-action.ts';
import { clearSelection, currentSelection, keepSelected, useSelection } from './selection.ts';
import styles from './selection-bar.module.css';

const RemoveDialog = loadedWhenOpened(async () => (await import('./remove-dialog.tsx')).RemoveDialog);

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
