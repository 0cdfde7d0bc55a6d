import type { PushJob } from '@pushfleet/contract';

/** `waiting`: a worker may take it at any moment. */
export type JobState = 'waiting' | 'active' | 'delayed' | 'failed';

export interface QueuedJob {
  readonly id: string;
  readonly pool: string;
  readonly state: JobState;
  /** Undefined when it is not that of a push job. */
  readonly data: PushJob | undefined;
  /** Empty unless the job has failed. */
  readonly failedReason: string;
}
