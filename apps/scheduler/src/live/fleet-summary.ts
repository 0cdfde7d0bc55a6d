import { type FleetSummary, type PushStatus, pushStatusSchema, type StreamRow } from '@pushfleet/contract';
import type { FleetMember } from '../fleet/fleet-member.ts';

export interface SummaryInput extends Pick<FleetSummary, 'version' | 'redis' | 'config'> {
  readonly statuses: Iterable<{ readonly status: PushStatus }>;
  readonly streams: readonly StreamRow[];
  readonly members: readonly FleetMember[];
  readonly isDrained: (worker: string) => boolean;
}

/** The head of the dashboard. Pure; `at` is RFC 3339. */
export function fleetSummary(input: SummaryInput, at: string): FleetSummary {
  const { statuses, streams, members, isDrained, version, redis, config } = input;
  const pushes = Object.fromEntries(pushStatusSchema.options.map((status) => [status, 0])) as Record<
    PushStatus,
    number
  >;
  for (const { status } of statuses) pushes[status]++;
  const counts = { running: 0, waiting: 0, disabled: 0 };
  for (const { status } of streams) counts[status]++;
  const living = members.filter(({ state }) => state !== 'lost');
  const ready = living.filter(({ name, state }) => state === 'ready' && !isDrained(name));
  const sum = (list: readonly FleetMember[], of: (member: FleetMember) => number) =>
    list.reduce((total, member) => total + of(member), 0);
  return {
    at,
    version,
    pushes,
    streams: counts,
    workers: {
      ready: ready.length,
      draining: living.length - ready.length,
      lost: members.length - living.length,
      total: members.length,
    },
    slots: { held: sum(ready, ({ held }) => held), capacity: sum(ready, ({ capacity }) => capacity) },
    egress_bps: Math.round(sum(living, ({ egressBps }) => egressBps)),
    redis,
    config,
  };
}
