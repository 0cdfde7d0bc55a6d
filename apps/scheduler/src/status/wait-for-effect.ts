import type { PushView } from '@pushfleet/contract';

/** A view with what it is made from. */
export interface EffectView {
  readonly view: PushView;
  /** What is reported was done for the push as it is wanted now, not for an older revision of it. */
  readonly isCurrent: boolean;
}

const POLL_MS = 100;

/** `pause` wants the push to have stopped, the others want the next attempt to have come to something. */
export function hasTakenEffect({ view, isCurrent }: EffectView): boolean {
  if (view.desired === 'disabled') return view.status === 'disabled';
  return view.status === 'error' || (isCurrent && view.status !== 'pending' && view.status !== 'starting');
}

/** Looks until a change has taken effect or the time is over; answers what was seen last. Never rejects for lack of time. */
export async function waitForEffect<T extends EffectView>(look: () => Promise<T>, timeoutMs: number): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const seen = await look();
    const leftMs = deadline - performance.now();
    if (leftMs <= 0 || hasTakenEffect(seen)) return seen;
    await new Promise((resolve) => setTimeout(resolve, Math.min(POLL_MS, leftMs)));
  }
}
