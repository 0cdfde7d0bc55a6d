import type { ResolvedPushOptions } from '@pushfleet/config';
import type { JobsOptions } from 'bullmq';
import { z } from 'zod';

/** Queue of the pushes of one pool. */
export const pushQueueName = (pool: string): string => `push-${pool}`;
/** Queue into which other services put requests. */
export const REQUESTS_QUEUE = 'requests';
/** Name of the jobs in a push queue. */
export const PUSH_JOB = 'push';

/** Job of a push: everything else, the URL above all, stays in the desired state. */
export const pushJobSchema = z.strictObject({
  v: z.literal(1),
  push: z.string().min(1),
  /** Revision of the desired state that the job was made from. */
  revision: z.int().min(0),
});
export type PushJob = z.infer<typeof pushJobSchema>;

/** BullMQ takes neither Infinity nor zero; a signed 32-bit integer survives every way through Lua and cmsgpack. */
export const ENDLESS_ATTEMPTS = 2_147_483_647;

export const pushJobId = (pushId: string): string => `push-${pushId}`;
export const pushIdOfJob = (jobId: string): string => jobId.slice('push-'.length);

/** `attempts` = `retry_limit`, `backoff` = `retry_timeout`. A job is the held connection, hence completed ones vanish. */
export function pushJobOptions(pushId: string, options: ResolvedPushOptions): JobsOptions {
  return {
    jobId: pushJobId(pushId),
    attempts: options.retryLimit ?? ENDLESS_ATTEMPTS,
    backoff: { type: 'fixed', delay: options.retryTimeoutMs },
    // The stack of an endless push would grow by 800 bytes an attempt.
    stackTraceLimit: 1,
    removeOnComplete: true,
    removeOnFail: false,
  };
}
