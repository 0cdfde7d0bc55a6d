import type { PushStatus } from '@pushfleet/contract';
import type { Fleet, FleetReader } from '../fleet/fleet-reader.ts';
import { type Scaling, scaling } from '../fleet/scaling.ts';
import type { PushIndex } from '../push/push-index.ts';
import type { ListedPush } from '../push/push-query.ts';
import { projectStatus } from './status-projection.ts';
import type { StatusReader, StatusSnapshot } from './status-reader.ts';

/** Status of all pushes at once: for lists, counts and autoscalers. */
export class FleetStatus {
  readonly #index: PushIndex;
  readonly #reader: StatusReader;
  readonly #fleet: FleetReader;

  constructor(index: PushIndex, reader: StatusReader, fleet: FleetReader) {
    this.#index = index;
    this.#reader = reader;
    this.#fleet = fleet;
  }

  /** All pushes in the order of lists, and the snapshot that their status is from. */
  async list(): Promise<{ readonly pushes: ListedPush[]; readonly snapshot: StatusSnapshot }> {
    const snapshot = await this.#reader.snapshot();
    const nowMs = Date.now();
    const pushes = this.#index.all.map((push): ListedPush => {
      const facts = this.#reader.facts(push, snapshot);
      const { status } = projectStatus(facts, nowMs);
      return { push, status, worker: facts.report?.worker ?? '' };
    });
    return { pushes, snapshot };
  }

  async counts(): Promise<Map<PushStatus, number>> {
    const counts = new Map<PushStatus, number>();
    for (const { status } of (await this.list()).pushes) counts.set(status, (counts.get(status) ?? 0) + 1);
    return counts;
  }

  async fleet(): Promise<Fleet> {
    return (await this.#fleet.get()).value;
  }

  async scaling(): Promise<Scaling> {
    const { members } = await this.fleet();
    return scaling(members, (await this.counts()).get('pending') ?? 0);
  }
}
