import { actOnPush, actOnPushes, type PushAction } from '../api/commands.ts';
import { formatPlural } from '../format/bitrate.ts';
import { liveStore } from '../live/live-store.ts';
import { tellDone, tellFailure, tellRefusal } from '../shell/toasts.tsx';

const words: Readonly<Record<PushAction, { readonly done: string; readonly doing: string }>> = {
  pause: { done: 'Paused', doing: 'pause' },
  resume: { done: 'Resumed', doing: 'resume' },
  restart: { done: 'Restarted', doing: 'restart' },
  remove: { done: 'Removed', doing: 'remove' },
};

/** Does it to one push or to many, and says how it went. Never rejects. */
export async function runAction(action: PushAction, ids: readonly string[]): Promise<void> {
  const { done, doing } = words[action];
  const count = formatPlural(ids.length, 'push', 'pushes');
  try {
    if (ids.length === 1) {
      const name = nameOf(ids[0]!);
      await actOnPush(action, ids[0]!);
      tellDone(done, name);
      return;
    }
    const { results } = await actOnPushes(action, ids);
    const failed = results.filter(({ ok }) => !ok);
    if (failed.length === 0) tellDone(`${done} ${count}`);
    else {
      const why = [...new Set(failed.map(({ detail = '' }) => detail))].slice(0, 3).join(' ');
      tellRefusal(`Could not ${doing} ${failed.length} of ${count}`, why);
    }
  } catch (error) {
    tellFailure(`Could not ${doing} ${ids.length === 1 ? 'the push' : count}`, error);
  }
}

function nameOf(id: string): string {
  const push = liveStore.rows.get(id);
  return push === undefined ? id : `${push.stream} → ${push.host}`;
}

/** Pauses what runs, or resumes what is paused; of several, pauses if any of them is enabled. */
export function togglePause(ids: readonly string[]): void {
  const isAnyEnabled = ids.some((id) => liveStore.rows.get(id)?.desired === 'enabled');
  void runAction(isAnyEnabled ? 'pause' : 'resume', ids);
}
