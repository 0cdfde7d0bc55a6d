import {
  type DesiredPush,
  type DesiredStream,
  isEnabled,
  parseFailure,
  pushIdOfJob,
  type RestingError,
} from '@pushfleet/contract';
import type { QueuedJob } from '../queue/queued-job.ts';
import { optionsOf, restsInError } from './derived.ts';
import type { DesiredState } from './desired-state.ts';

/** What makes the queues agree with desired state. Every action may be repeated, and may come too late without harm. */
export type Action =
  /** Wanted and not in the queue of its pool. */
  | { readonly do: 'add'; readonly push: DesiredPush }
  | { readonly do: 'remove'; readonly job: QueuedJob; readonly why: string }
  /** Made from an older revision: a fresh job, with the whole budget and at once. */
  | { readonly do: 'replace'; readonly job: QueuedJob; readonly push: DesiredPush }
  /** Held by a worker: its holder looks at desired state and acts. */
  | { readonly do: 'tell'; readonly push: string }
  /** Failed for good: rests in this error until somebody changes or restarts it. */
  | { readonly do: 'rest'; readonly push: DesiredPush; readonly error: RestingError }
  /** Said to rest, yet its job is alive: somebody has retried it by hand. */
  | { readonly do: 'wake'; readonly push: DesiredPush }
  | { readonly do: 'purge-push'; readonly push: DesiredPush }
  | { readonly do: 'purge-stream'; readonly stream: DesiredStream };

/** The difference between what people want and the jobs that there are. Pure; `now` (RFC 3339) dates what is found. */
export function reconcile(desired: DesiredState, jobs: readonly QueuedJob[], now: string): Action[] {
  const actions: Action[] = [];
  /** Pushes whose place is taken: by a job of their own, or by a holder in another pool that has yet to let go. */
  const taken = new Set<string>();
  const present = new Set<string>();
  for (const job of jobs) {
    const id = pushIdOfJob(job.id);
    const push = desired.pushes.get(id);
    present.add(id);
    const action = judge(job, push, desired.streams.get(push?.stream ?? ''), now);
    if (action !== undefined) actions.push(action);
    if (action?.do !== 'remove') taken.add(id);
  }
  for (const push of desired.pushes.values()) {
    if (push.removed) {
      if (!present.has(push.id)) actions.push({ do: 'purge-push', push });
    } else if (!taken.has(push.id) && !restsInError(push) && isEnabled(push, desired.streams.get(push.stream))) {
      actions.push({ do: 'add', push });
    }
  }
  for (const stream of desired.streams.values()) if (stream.removed) actions.push({ do: 'purge-stream', stream });
  return actions;
}

/** What to do about one job; undefined when it is as it should be. */
function judge(
  job: QueuedJob,
  push: DesiredPush | undefined,
  stream: DesiredStream | undefined,
  now: string,
): Action | undefined {
  if (job.data === undefined) return { do: 'remove', job, why: 'its data is not that of a push job' };
  if (push === undefined || push.id !== job.data.push) return dismiss(job, 'nobody wants a push with its id');
  if (!isEnabled(push, stream)) return dismiss(job, 'the push is not wanted now');
  if (job.pool !== optionsOf(push).pool) return dismiss(job, 'the push belongs into another pool');
  if (job.data.revision !== push.revision) {
    return job.state === 'active' ? { do: 'tell', push: push.id } : { do: 'replace', job, push };
  }
  if (job.state !== 'failed') return restsInError(push) ? { do: 'wake', push } : undefined;
  return restsInError(push)
    ? undefined
    : { do: 'rest', push, error: { ...parseFailure(job.failedReason), at: now, revision: push.revision } };
}

/** A job that is held cannot be removed: its holder ends it. */
function dismiss(job: QueuedJob, why: string): Action {
  return job.state === 'active' ? { do: 'tell', push: pushIdOfJob(job.id) } : { do: 'remove', job, why };
}
