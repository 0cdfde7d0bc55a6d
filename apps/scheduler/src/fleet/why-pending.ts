import type { FullCause } from '@pushfleet/contract';
import type { FleetMember } from './fleet-member.ts';

const fullWords: Readonly<Record<FullCause, string>> = {
  capacity: 'at capacity',
  cpu: 'out of CPU',
  loop_delay: 'with a late event loop',
  egress: 'out of egress',
};

/** Why nobody has a push of this pool, in words for people. */
export function whyPending(pool: string, workers: readonly FleetMember[]): string {
  const members = workers.filter((worker) => worker.pool === pool && worker.state !== 'lost');
  if (members.length === 0) return `no worker in pool '${pool}'`;
  const reasons = members.map(whyNone);
  if (reasons.includes('')) return 'not yet taken by a worker';
  const counts = [...Map.groupBy(reasons, (reason) => reason)].map(([reason, { length }]) => `${length} ${reason}`);
  const states = [reasons.some((it) => it !== DRAINING) && 'full', reasons.includes(DRAINING) && DRAINING];
  return `all workers of pool '${pool}' are ${states.filter(Boolean).join(' or ')}: ${counts.join(', ')}`;
}

const DRAINING = 'draining';

/** Why this worker takes none; empty when it does. */
function whyNone({ state, fullCause }: FleetMember): string {
  if (state === 'draining') return DRAINING;
  return fullCause === null ? '' : fullWords[fullCause];
}
