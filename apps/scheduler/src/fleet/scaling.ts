import { z } from 'zod';
import type { FleetMember } from './fleet-member.ts';

export const scalingSchema = z
  .object({
    workers: z.int().describe('workers that take pushes'),
    capacity: z.int().describe('pushes they may hold together; of one that is full for its load, those that it holds'),
    used: z.int().describe('pushes they hold'),
    pending: z.int().describe('pushes that no worker has'),
    desired_workers: z.int().describe('workers of the average size that hold all pushes with a fifth to spare'),
  })
  .meta({ id: 'Scaling' });
export type Scaling = z.infer<typeof scalingSchema>;

/** Room for the pushes of a worker that dies, and for those that come next. */
const FILL = 0.8;
/** Capacity of a worker nobody has seen yet. */
const DEFAULT_CAPACITY = 1_000;

/** How big the fleet is and should be, for autoscalers. */
export function scaling(members: readonly FleetMember[], pending: number): Scaling {
  const ready = members.filter(({ state }) => state === 'ready');
  const capacity = ready.reduce((sum, member) => sum + realCapacity(member), 0);
  const used = members.filter(({ state }) => state !== 'lost').reduce((sum, member) => sum + member.held, 0);
  const average = capacity > 0 ? capacity / ready.length : DEFAULT_CAPACITY;
  const wanted = used + pending;
  return {
    workers: ready.length,
    capacity,
    used,
    pending,
    desired_workers: wanted === 0 ? 0 : Math.ceil(wanted / (average * FILL)),
  };
}

/** A worker whose CPU, event loop or egress is used up shows what it can really hold. */
function realCapacity({ capacity, held, fullCause }: FleetMember): number {
  return fullCause === null ? capacity : Math.max(1, Math.min(capacity, held));
}
