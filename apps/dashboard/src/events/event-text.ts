import type { EventType } from '@pushfleet/contract';
import type { LiveEvent } from '@pushfleet/contract/live';
import { formatBytes } from '../format/bitrate.ts';

/** `problem`: somebody should look; `warning`: it heals by itself, or so it seems; `good`; `change`: a person or a program wanted it. */
export type EventLevel = 'problem' | 'warning' | 'good' | 'change' | 'note';

interface EventWord {
  readonly word: string;
  readonly level: EventLevel;
}

export const eventWords: Readonly<Record<EventType, EventWord>> = {
  push_opened: { word: 'Push connects', level: 'note' },
  push_connected: { word: 'Push connected', level: 'note' },
  push_started: { word: 'Push on air', level: 'good' },
  push_stalled: { word: 'Push stalled', level: 'warning' },
  push_resumed: { word: 'Push flows again', level: 'good' },
  push_waiting: { word: 'Push waits for input', level: 'note' },
  push_closed: { word: 'Push closed', level: 'note' },
  push_retry: { word: 'Push retries', level: 'warning' },
  push_error: { word: 'Push failed', level: 'problem' },
  push_created: { word: 'Push created', level: 'change' },
  push_updated: { word: 'Push changed', level: 'change' },
  push_removed: { word: 'Push removed', level: 'change' },
  push_disabled: { word: 'Push paused', level: 'change' },
  push_enabled: { word: 'Push resumed', level: 'change' },
  push_restarted: { word: 'Push restarted', level: 'change' },
  stream_started: { word: 'Stream live', level: 'good' },
  stream_stopped: { word: 'Stream ended', level: 'warning' },
  stream_refused: { word: 'Publisher refused', level: 'problem' },
  stream_input: { word: 'Input changed', level: 'warning' },
  stream_created: { word: 'Stream created', level: 'change' },
  stream_updated: { word: 'Stream changed', level: 'change' },
  stream_removed: { word: 'Stream removed', level: 'change' },
  worker_started: { word: 'Worker started', level: 'good' },
  worker_draining: { word: 'Worker drains', level: 'change' },
  worker_full: { word: 'Worker full', level: 'warning' },
  worker_taking: { word: 'Worker takes again', level: 'good' },
  worker_stopped: { word: 'Worker stopped', level: 'note' },
  worker_lost: { word: 'Worker lost', level: 'problem' },
  worker_fenced: { word: 'Worker fenced', level: 'problem' },
  target_down: { word: 'Target down', level: 'problem' },
  target_up: { word: 'Target up again', level: 'good' },
};

/** A worker of a later version may tell of more. */
export const eventWord = (event: string): EventWord =>
  Object.hasOwn(eventWords, event)
    ? eventWords[event as EventType]
    : { word: event.replaceAll('_', ' '), level: 'note' };

/** Whom it is about, in one line. */
export function eventSubject({ stream, url, host, worker, push }: LiveEvent): string {
  const target = url ?? host ?? '';
  if (stream !== undefined) return target === '' ? stream : `${stream} → ${target}`;
  return target || worker || push || '';
}

/** The particulars, in one line: why, which attempt, who wanted it. */
export function eventDetail(event: LiveEvent): string {
  const { cause, message, attempt, failures_in_a_row: failures, input, bytes, by } = event;
  return [
    message || cause || '',
    event.event === 'push_opened' && attempt !== undefined && `attempt ${attempt}`,
    event.event === 'push_retry' && failures !== undefined && `failure ${failures}`,
    event.event === 'push_closed' && bytes !== undefined && bytes > 0 && `${formatBytes(bytes)} sent`,
    input !== undefined && `input ${input}`,
    by !== undefined && `by ${by}`,
  ]
    .filter(Boolean)
    .join(' · ');
}
