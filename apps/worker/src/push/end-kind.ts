import type { EndCause } from '@pushfleet/contract';
import type { EndKind } from '@pushfleet/protocols';

/** What a target is told when a connection ends cleanly: that the publication is over, or only that it goes on in another connection. */
export const endKinds = {
  stopped: 'final', // paused by a person, or its stream is
  removed: 'final',
  updated: 'final', // goes on at another target
  drained: 'handover', // goes on on another worker
  rebalanced: 'handover',
  restarted: 'handover',
  renewed: 'handover',
  source_timeout: 'handover', // goes on when the source is back
} as const satisfies Partial<Record<EndCause, EndKind>>;

export type CleanCause = keyof typeof endKinds;

/** Nobody waits for these ends: they come right before a sync sample, with which the next holder begins. */
const unhurried: ReadonlySet<CleanCause> = new Set<CleanCause>(['drained', 'rebalanced', 'renewed']);

export const endsAtSync = (cause: CleanCause): boolean => unhurried.has(cause);
