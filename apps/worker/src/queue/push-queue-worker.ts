import type { Keys, PushJob } from '@pushfleet/contract';
import { type Job, type Processor, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { FleetScripts } from '../fleet/scripts.ts';

/**
 * Ownership is the lock, and it is long: a Redis that freezes or restarts must cost no push. Death of a worker is told by its missing
 * heartbeat instead, see `fleet/heartbeat.ts`, and the loss of a lock by the next report.
 */
const LOCK_MS = 600_000;
/** BullMQ renews in half of this time. Each lock costs Redis three commands then. */
const LOCK_RENEW_MS = 120_000;
const STALLED_INTERVAL_MS = 30_000;
/** BullMQ only counts how often a push loses its worker: the holder knows when it is too often, and says why. */
const MAX_STALLED = Number.MAX_SAFE_INTEGER;

/**
 * The queue wakes whoever waits for jobs, and so does each heartbeat; who was not woken looks by himself after this time, in seconds. It is longer than a
 * failover takes: BullMQ replaces a connection that it has waited on for a second more, which must not happen while sentinels still choose.
 */
const LOOK_AGAIN_S = 5;
/** So many answers of Redis at a time hold nobody up. */
const MAX_FETCHES = 32;
/** BullMQ's types do not know that there may be none. */
const NO_JOB = undefined as unknown as Job<PushJob>;

/** The part of BullMQ's loop that is used here; `push-queue-worker.test.ts` shows that it is still so. */
interface MainLoopQueue {
  add(promise: Promise<Job<PushJob>>): void;
  numQueued(): number;
  numTotal(): number;
}

export interface PushQueueWorkerOptions {
  readonly queueName: string;
  readonly keys: Keys;
  readonly connection: Redis;
  readonly scripts: FleetScripts;
  readonly workerName: string;
  readonly process: Processor<PushJob>;
  /** The job that is held under this id, to put it back after a loss of the data set. */
  readonly heldJob: (jobId: string) => Job<PushJob> | undefined;
  /** Name of the data set that the last heartbeat saw. */
  readonly epoch: () => string;
  /** This lock cannot be taken back: somebody else has the job, or nobody wants it any more. */
  readonly lost: (jobId: string, token: string) => void;
}

/** BullMQ's worker for one pool's pushes. A lock that has expired or vanished is reclaimed before it counts as lost. */
export class PushQueueWorker extends Worker<PushJob> {
  readonly #options: PushQueueWorkerOptions;
  #isStarted = false;
  /** Jobs to fetch at once. */
  #fetches = 1;

  constructor(options: PushQueueWorkerOptions) {
    // BullMQ gives the signal only to who declares three parameters, none of them with a default.
    super(options.queueName, (job, token, signal) => options.process(job, token, signal), {
      prefix: options.keys.tag,
      connection: options.connection,
      // Started by the first heartbeat; concurrency follows the fair share from then on.
      autorun: false,
      concurrency: 1,
      lockDuration: LOCK_MS,
      lockRenewTime: LOCK_RENEW_MS,
      stalledInterval: STALLED_INTERVAL_MS,
      maxStalledCount: MAX_STALLED,
      name: options.workerName,
      drainDelay: LOOK_AGAIN_S,
      runRetryDelay: 1_000,
    });
    this.#options = options;
  }

  override run(): Promise<void> {
    this.#isStarted = true;
    return super.run();
  }

  /**
   * Starts the loop of BullMQ again when it is gone: it ends when nothing is under way at the very moment of a pause, and a resume that comes before it
   * is quite gone begins no other one. To be called with every beat; answers whether it was so.
   */
  revive(): boolean {
    const isGone = this.#isStarted && !this.isRunning() && !this.isPaused() && this.closing === undefined;
    if (isGone) this.run().catch((error: Error) => this.emit('error', error));
    return isGone;
  }

  override async extendJobLocks(jobIds: string[], tokens: string[], durationMs: number): Promise<string[]> {
    const missing = await super.extendJobLocks(jobIds, tokens, durationMs);
    // All at once: whoever has lost a push must hear of it before the next holder is connected.
    const lost = await Promise.all(
      missing.map(async (jobId) => {
        const token = tokens[jobIds.indexOf(jobId)] ?? '';
        if (await this.#reclaim(jobId, token)) return [];
        this.#options.lost(jobId, token);
        return [jobId];
      }),
    );
    return lost.flat();
  }

  /** Checks (and reclaims) the locks of all these jobs now; reports the lost ones as BullMQ would. */
  async verifyLocks(held: readonly { jobId: string; token: string }[]): Promise<void> {
    if (held.length === 0) return;
    const lost = await this.extendJobLocks(
      held.map(({ jobId }) => jobId),
      held.map(({ token }) => token),
      LOCK_MS,
    );
    if (lost.length > 0) this.emit('lockRenewalFailed', lost);
  }

  /** Renews those that BullMQ does not: it goes by job id, and forgets one that is held when an older activation of it ends late. */
  async renewForgotten(held: readonly { jobId: string; token: string }[]): Promise<void> {
    const known = new Set(this.lockManager.getTrackedJobIds());
    await this.verifyLocks(held.filter(({ jobId }) => !known.has(jobId)));
  }

  /**
   * Fetches several jobs at once while there are plenty, and none before those that were fetched have been started. BullMQ itself fetches one by one, each
   * for a round trip, and starts none before it has all that it may hold: with thousands that is seconds.
   */
  protected override async moveToActive(token: string, name?: string): Promise<Job<PushJob>> {
    const loop = this.#loop;
    if (loop !== undefined && loop.numQueued() > 0) {
      // It has not looked: what woke it is gone, and it must not sleep before it has.
      Object.assign(this, { drained: false });
      return NO_JOB;
    }
    const room = this.concurrency - (loop?.numTotal() ?? 0);
    const wanted = loop === undefined ? 1 : Math.max(1, Math.min(this.#fetches, room));
    const fetches = Array.from({ length: wanted }, (_, n) =>
      super.moveToActive(n === 0 ? token : `${token}.${n}`, name),
    );
    const answers = await Promise.allSettled(fetches);
    const jobs = answers.flatMap((answer) => (answer.status === 'fulfilled' && answer.value ? [answer.value] : []));
    const failed = answers.find((answer) => answer.status === 'rejected');
    // What the others have brought is ours and locked: it must be held, whatever became of this one.
    if (failed !== undefined && jobs.length === 0) throw failed.reason;
    this.#fetches = jobs.length === wanted ? Math.min(2 * wanted, MAX_FETCHES) : 1;
    for (const job of jobs.slice(1)) loop?.add(Promise.resolve(job));
    return jobs[0] ?? NO_JOB;
  }

  /** How many jobs to hold at most; 0 takes no more, whatever is held. */
  async setConcurrency(target: number): Promise<void> {
    if (target === 0) return this.pause(true);
    const raised = target > this.concurrency;
    this.concurrency = target;
    // Raising it on a worker whose jobs never end is noticed only after a pause.
    if (raised && this.isRunning()) await this.pause(true);
    if (this.isPaused()) await this.resume();
  }

  /** What has been fetched and what is under way. */
  get #loop(): MainLoopQueue | undefined {
    return (this as unknown as { mainLoopQueue?: MainLoopQueue | null }).mainLoopQueue ?? undefined;
  }

  async #reclaim(jobId: string, token: string): Promise<boolean> {
    const job = this.#options.heldJob(jobId);
    if (job === undefined) return false;
    const result = await this.#options.scripts.reclaim(
      jobId,
      token,
      LOCK_MS,
      this.#options.epoch(),
      jobHash(job, this.#options.workerName),
    );
    return result > 0;
  }
}

/** The job's hash as BullMQ stores it. */
function jobHash(job: Job<PushJob>, workerName: string): (string | number)[] {
  return Object.entries({
    name: job.name,
    data: JSON.stringify(job.data),
    opts: JSON.stringify(job.opts),
    timestamp: job.timestamp,
    delay: job.delay,
    priority: job.priority,
    processedOn: job.processedOn ?? job.timestamp,
    ats: job.attemptsStarted,
    atm: job.attemptsMade,
    stc: job.stalledCounter,
    pb: workerName,
  }).flat();
}
