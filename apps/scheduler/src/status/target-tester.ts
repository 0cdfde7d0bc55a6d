import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, type ControlMessage, type DesiredPush, type Keys, type TargetTest } from '@pushfleet/contract';
import type { Redis } from 'ioredis';
import type { FleetMember } from '../fleet/fleet-member.ts';
import { optionsOf } from '../push/derived.ts';
import type { PushIndex } from '../push/push-index.ts';
import { projectStatus } from './status-projection.ts';
import type { StatusReader, StatusSnapshot } from './status-reader.ts';

export interface TargetTesterDeps {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly index: PushIndex;
  readonly status: StatusReader;
}

const POLL_MS = 100;
/** A worker that has not taken a draft by then does not take it at all. */
const DRAFT_MS = 10_000;
/** A push that tries again sooner needs its target for itself. */
const RETRY_IS_NEAR_MS = 10_000;

/** Has a worker try the target of a push: what counts is what can be reached from there. */
export class TargetTester {
  readonly #deps: TargetTesterDeps;

  constructor(deps: TargetTesterDeps) {
    this.#deps = deps;
  }

  /** Rejects with ApiError `no_worker`, `worker_silent` or `redis_unavailable`. */
  test(push: DesiredPush, waitMs: number): Promise<TargetTest> {
    return this.#ask(push, { push: push.id, test: randomUUID() }, waitMs);
  }

  /** The same for a push that is not saved: it is handed to the worker, who takes it out of Redis at once. */
  async testDraft(push: DesiredPush, waitMs: number): Promise<TargetTest> {
    const { redis, keys } = this.#deps;
    const test = randomUUID();
    await redis.set(keys.targetDraft(test), JSON.stringify(push), 'PX', DRAFT_MS);
    return this.#ask(push, { push: null, test }, waitMs).finally(() => redis.del(keys.targetDraft(test)));
  }

  async #ask(
    push: DesiredPush,
    request: { readonly push: string | null; readonly test: string },
    waitMs: number,
  ): Promise<TargetTest> {
    const { redis, keys, status } = this.#deps;
    const snapshot = await status.snapshot();
    const worker = this.#worker(push, snapshot);
    const noPublish = this.#whyNotPublish(push, snapshot);
    const message: ControlMessage = { op: 'test', worker: worker.id, ...request, noPublish };
    await redis.publish(keys.control, JSON.stringify(message));
    const deadline = performance.now() + waitMs;
    while (performance.now() < deadline) {
      await sleep(POLL_MS);
      const answer = await redis.get(keys.targetTest(request.test));
      if (answer !== null) return JSON.parse(answer) as TargetTest;
    }
    throw new ApiError('worker_silent', `The worker '${worker.name}' has not answered within ${waitMs / 1_000} s.`);
  }

  /** The holder, or the one of the pool that has the least to do. */
  #worker(push: DesiredPush, { members, reports }: StatusSnapshot): FleetMember {
    const { pool } = optionsOf(push);
    const living = members.filter((member) => member.pool === pool && member.state !== 'lost');
    const holder = living.find(({ name }) => name === reports.get(push.id)?.worker);
    const [other] = living.toSorted((a, b) => a.held - b.held);
    const worker = holder ?? other;
    if (worker === undefined) throw new ApiError('no_worker', `There is no worker in pool '${pool}'.`);
    return worker;
  }

  /** Empty when a second publication would disturb nobody. */
  #whyNotPublish(push: DesiredPush, snapshot: StatusSnapshot): string {
    const nowMs = Date.now();
    const busy = this.#deps.index.all
      .filter(({ url }) => url === push.url)
      .find((one) => this.#needsTarget(one, snapshot, nowMs));
    if (busy === undefined) return '';
    const who = busy === push ? 'the push is on' : `push ${busy.id} goes to the same URL and is on`;
    return `${who}: a second publisher would disturb it`;
  }

  #needsTarget(push: DesiredPush, snapshot: StatusSnapshot, nowMs: number): boolean {
    const facts = this.#deps.status.facts(push, snapshot);
    const { status } = projectStatus(facts, nowMs);
    if (status === 'disabled' || status === 'error') return false;
    const nextMs = Date.parse(facts.report?.next_retry_at ?? '');
    return status !== 'retry' || Number.isNaN(nextMs) || nextMs - nowMs < RETRY_IS_NEAR_MS;
  }
}
