// What is read from BullMQ's own keys, and the one thing that is done to them. They are those of the BullMQ version that the test beside
// this file names: `<queue>:wait|paused|active|delayed|prioritized|failed`, job hash fields `data` and `failedReason`, `<job>:lock`.
import { type PushJob, pushIdOfJob, pushJobSchema } from '@pushfleet/contract';
import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { DesiredState } from '../push/desired-state.ts';
import { chunksOf } from '../redis/chunks.ts';
import { repliesOf } from '../redis/replies.ts';
import type { JobState, QueuedJob } from './queued-job.ts';

/** Reads all jobs of the push queues. Remembers the revisions that agreed, so that a round in which nothing is new reads ids only. */
export class JobSnapshots {
  readonly #redis: Redis;
  #agreed = new Map<string, PushJob>();

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  async take(queues: ReadonlyMap<string, Queue>, desired: DesiredState): Promise<QueuedJob[]> {
    const jobs: QueuedJob[] = [];
    const agreed = new Map<string, PushJob>();
    for (const [pool, queue] of queues) {
      const places = await this.#places(queue);
      // Judged once: desired state may change while Redis is asked, and a job must not seem unreadable for that.
      const known = new Map([...places].map(([id, state]) => [id, this.#known(id, state, desired)]));
      const unknown = [...places.keys()].filter((id) => known.get(id) === undefined);
      const details = await this.#details(queue, unknown);
      for (const [id, state] of places) {
        const data = known.get(id) ?? details.get(id)?.data;
        if (data !== undefined) agreed.set(id, data);
        jobs.push({ id, pool, state, data, failedReason: details.get(id)?.failedReason ?? '' });
      }
    }
    this.#agreed = agreed;
    return jobs;
  }

  /** Data read before, when reading it again could bring nothing new: its revision is the one that is wanted. */
  #known(id: string, state: JobState, desired: DesiredState): PushJob | undefined {
    const data = this.#agreed.get(id);
    const push = desired.pushes.get(pushIdOfJob(id));
    if (data === undefined || data.revision !== push?.revision) return undefined;
    return state === 'failed' && push.error === null ? undefined : data;
  }

  /** Job id -> state, at one moment: no job is missed because it moves. */
  async #places(queue: Queue): Promise<Map<string, JobState>> {
    const key = (name: string) => queue.toKey(name);
    const transaction = this.#redis
      .multi()
      .lrange(key('wait'), 0, -1)
      .lrange(key('paused'), 0, -1)
      .zrange(key('prioritized'), '0', '-1')
      .lrange(key('active'), 0, -1)
      .zrange(key('delayed'), '0', '-1')
      .zrange(key('failed'), '0', '-1');
    const lists = (await repliesOf(transaction)) as string[][];
    const states: JobState[] = ['waiting', 'waiting', 'waiting', 'active', 'delayed', 'failed'];
    return new Map(lists.flatMap((ids, i) => ids.map((id): [string, JobState] => [id, states[i]!])));
  }

  async #details(
    queue: Queue,
    ids: readonly string[],
  ): Promise<Map<string, { data: PushJob | undefined; failedReason: string }>> {
    const details = new Map<string, { data: PushJob | undefined; failedReason: string }>();
    for (const chunk of chunksOf(ids)) {
      const pipeline = this.#redis.pipeline();
      for (const id of chunk) pipeline.hmget(queue.toKey(id), 'data', 'failedReason');
      const replies = (await repliesOf(pipeline)) as [string | null, string | null][];
      for (const [i, [data, failedReason]] of replies.entries()) {
        details.set(chunk[i]!, { data: parseJobData(data), failedReason: failedReason ?? '' });
      }
    }
    return details;
  }
}

/**
 * Removes a job whose data is no JSON (looked at once more). Its lock says nothing: no worker can hold what none can read. The lock of any
 * other job is sacred: to break it would give its push a second holder.
 */
export async function removeUnreadable(redis: Redis, queue: Queue, jobId: string): Promise<void> {
  const text = await redis.hget(queue.toKey(jobId), 'data');
  if (text !== null && !isJson(text)) await redis.del(`${queue.toKey(jobId)}:lock`);
  await queue.remove(jobId);
}

/** Active jobs whose data is no JSON. BullMQ would hand them out again and again. */
export async function unreadableJobs(redis: Redis, queue: Queue): Promise<string[]> {
  const ids = await redis.lrange(queue.toKey('active'), 0, -1);
  const pipeline = redis.pipeline();
  for (const id of ids) pipeline.hget(queue.toKey(id), 'data');
  const texts = (await repliesOf(pipeline)) as (string | null)[];
  return ids.filter((_id, i) => texts[i] !== null && !isJson(texts[i]!));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function parseJobData(text: string | null): PushJob | undefined {
  try {
    return pushJobSchema.safeParse(JSON.parse(text ?? '')).data;
  } catch {
    return undefined;
  }
}
