import type { PushStatus } from '@pushfleet/contract';

export type { PushStatus };

/** What a person reads of a status. `word` stands where room is short, `meaning` where there is some. */
interface StatusText {
  readonly word: string;
  readonly meaning: string;
}

/** In the order of attention: what somebody must look at comes first. */
export const pushStatuses = [
  'error',
  'retry',
  'stalled',
  'starting',
  'pending',
  'waiting',
  'running',
  'disabled',
] as const satisfies readonly PushStatus[];

export const statusTexts: Readonly<Record<PushStatus, StatusText>> = {
  error: { word: 'Failed', meaning: 'Given up: nothing is tried until a person restarts or changes the push.' },
  retry: { word: 'Retrying', meaning: 'The last attempt failed; the next one comes by itself.' },
  stalled: {
    word: 'Stalled',
    meaning: 'Connected, but nothing leaves: the source is silent or the target does not read.',
  },
  starting: { word: 'Connecting', meaning: 'A worker connects and shakes hands.' },
  pending: { word: 'Queued', meaning: 'No worker has taken the push.' },
  waiting: { word: 'No input', meaning: 'The source is not live; the push starts by itself when it is.' },
  running: { word: 'Pushing', meaning: 'The target has accepted and media is leaving.' },
  disabled: { word: 'Paused', meaning: 'Nothing is sent; URL and settings stay.' },
};

const rank = new Map<PushStatus, number>(pushStatuses.map((status, index) => [status, index]));

/** Compares by need of attention, worst first. */
export const byAttention = (a: PushStatus, b: PushStatus): number => (rank.get(a) ?? 0) - (rank.get(b) ?? 0);
