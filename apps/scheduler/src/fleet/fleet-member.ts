import type { Drain, LiveSource, WorkerRecord, WorkerView } from '@pushfleet/contract';

/** A worker with what the fleet makes of its heartbeat. */
export interface FleetMember extends Omit<WorkerRecord, 'state'> {
  readonly state: WorkerRecord['state'] | 'lost';
  readonly beatAgeMs: number;
}

/** Other workers take a silent one's pushes after 2.5 s and take it off the list; one that stays on it longer was the last. */
const LOST_AFTER_MS = 4_000;

/** `nowMs` and `beatMs` are server times of Redis. */
export function fleetMember(record: WorkerRecord, beatMs: number, nowMs: number): FleetMember {
  const beatAgeMs = Math.max(0, nowMs - beatMs);
  return { ...record, beatAgeMs, state: beatAgeMs > LOST_AFTER_MS ? 'lost' : record.state };
}

/** What the API shows of a worker beside what it says of itself. */
export interface WorkerSurroundings {
  readonly drain: Drain | null;
  /** Streams that are published to it. */
  readonly publications: number;
}

/** The views of the API, with what desired state and the publications say of each worker. */
export function workerViews(
  members: readonly FleetMember[],
  live: ReadonlyMap<string, LiveSource>,
  drains: ReadonlyMap<string, Drain>,
): WorkerView[] {
  const publications = new Map<string, number>();
  for (const { worker } of live.values()) publications.set(worker, (publications.get(worker) ?? 0) + 1);
  return members.map((member) =>
    workerView(member, { drain: drains.get(member.name) ?? null, publications: publications.get(member.id) ?? 0 }),
  );
}

export function workerView(member: FleetMember, { drain, publications }: WorkerSurroundings): WorkerView {
  const isEmpty = member.held === 0 && publications === 0;
  const isLeaving = member.state === 'draining' || (member.state === 'ready' && drain !== null);
  return {
    id: member.id,
    name: member.name,
    pool: member.pool,
    state: isLeaving ? (isEmpty ? 'drained' : 'draining') : member.state,
    drain,
    capacity: member.capacity,
    held: member.held,
    full: member.full,
    full_cause: member.fullCause,
    labels: { ...member.labels },
    publications,
    rtmp: member.rtmp,
    http: member.http,
    version: member.version,
    started_at: member.startedAt,
    egress_bps: Math.round(member.egressBps),
    cpu_percent: member.cpuPercent,
    event_loop_delay_ms: member.eventLoopDelayMs,
    beat_age_ms: Math.round(member.beatAgeMs),
  };
}
