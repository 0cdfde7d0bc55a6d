import type { PushRow } from '@pushfleet/contract/live';
import { runAction, togglePause } from '../pushes/run-action.ts';
import { IconButton } from '../shell/icon-button.tsx';

/** Pause or resume, restart: what is done in a hurry, in the row itself. */
export function PushButtons({
  push: { id, desired, host },
}: {
  readonly push: Pick<PushRow, 'id' | 'desired' | 'host'>;
}) {
  const isPaused = desired === 'disabled';
  return (
    <>
      <IconButton
        icon={isPaused ? 'play' : 'pause'}
        label={`${isPaused ? 'Resume' : 'Pause'} push to ${host}`}
        onClick={() => togglePause([id])}
      />
      <IconButton
        icon="restart"
        label={`Restart push to ${host}`}
        disabled={isPaused}
        onClick={() => void runAction('restart', [id])}
      />
    </>
  );
}
