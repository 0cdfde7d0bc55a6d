import { type ResolvedPushOptions, resolvePushOptions } from '@pushfleet/config';
import {
  type DesiredPush,
  type DesiredStream,
  formatFailure,
  isEnabled,
  type PushJob,
  type PushReport,
  pushIdOfJob,
  pushJobId,
  pushJobOptions,
  pushJobSchema,
  REPORT_TTL_MS,
} from '@pushfleet/contract';
import type { PublishError } from '@pushfleet/protocols';
import { type Job, UnrecoverableError, WaitingError } from 'bullmq';
import type { FleetScripts } from '../fleet/scripts.ts';
import { type HolderDeps, type HolderEnd, type JobLease, PushHolder } from '../push/push-holder.ts';
import type { StatusReporter } from '../status/status-reporter.ts';

export interface PushProcessorDeps {
  /** Whose queue the jobs come from. */
  readonly pool: string;
  /** Pushes that this worker may hold just now. */
  readonly mayHold: () => number;
  readonly scripts: FleetScripts;
  readonly reporter: () => StatusReporter;
  readonly push: (id: string) => Promise<DesiredPush | undefined>;
  readonly stream: (name: string) => Promise<DesiredStream | undefined>;
  /** What the last holder of a push said of it last. */
  readonly lastReport: (id: string) => Promise<PushReport | undefined>;
  readonly holder: Omit<HolderDeps, 'giveBudgetBack' | 'adopt'>;
}

/** A holder with the one promise that every activation of its job waits for. */
interface Held {
  readonly holder: PushHolder;
  readonly ended: Promise<HolderEnd>;
}

/** Jobs in, holders run, ends of holders -> outcomes of jobs. One holder per push in this process, whatever the queue does. */
export class PushProcessor {
  readonly #deps: PushProcessorDeps;
  readonly #held = new Map<string, Held>();
  #draining = false;

  constructor(deps: PushProcessorDeps) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#held.size;
  }

  *holders(): Generator<PushHolder> {
    for (const { holder } of this.#held.values()) yield holder;
  }

  holder(pushId: string): PushHolder | undefined {
    return this.#held.get(pushId)?.holder;
  }

  /** The lock with this token is gone for good. */
  lost(jobId: string, token: string): void {
    const holder = this.holder(pushIdOfJob(jobId));
    if (holder?.lease.token === token) holder.intend('lost');
  }

  /** From now on jobs go straight back, and so do the held ones. */
  drain(): void {
    this.#draining = true;
    for (const holder of this.holders()) holder.intend('drained');
  }

  undrain(): void {
    this.#draining = false;
  }

  /** BullMQ's processor. */
  process = async (job: Job<PushJob>, token = '', signal?: AbortSignal): Promise<unknown> => {
    if (this.#draining || this.#isTooMuch(job)) return giveBack(job, token);
    const wanted = await this.#wantedBy(job);
    if (wanted === undefined) return { stopped: 'not wanted' };
    const { push, stream } = wanted;
    const lease: JobLease = { job, token };
    const options = resolvePushOptions(push.options);
    if (job.data.revision !== push.revision) await this.#adopt(lease, push, options);
    // A retry by hand (Bull Board) starts with nothing left of the budget: it means a whole new one.
    if (job.attemptsMade >= (job.opts.attempts ?? 1)) await this.#giveBudgetBack(lease);
    const lastReport = job.stalledCounter > 0 ? await this.#deps.lastReport(push.id) : undefined;
    // The lock may have been lost, or the worker told to stop, while Redis was asked.
    if (signal?.aborted || this.#draining) return giveBack(job, token);
    const held = this.#hold(push, stream, lease, lastReport);
    return this.#outcome(held.holder, await held.ended, lease);
  };

  /** BullMQ waits for a job already when it is told to take fewer: it brings one too many, which is for somebody else. */
  #isTooMuch(job: Job): boolean {
    return this.#held.size >= this.#deps.mayHold() && !this.#held.has(pushIdOfJob(job.id ?? ''));
  }

  /** The push as people want it now; undefined when it shall not run (here). Throws for a job that no scheduler made. */
  async #wantedBy(job: Job<PushJob>): Promise<{ push: DesiredPush; stream: DesiredStream } | undefined> {
    const data = pushJobSchema.safeParse(job.data);
    if (!data.success) {
      const issue = data.error.issues[0];
      throw new UnrecoverableError(`push_invalid: field ${issue?.path.join('.') || '(root)'}: ${issue?.message}`);
    }
    // The id is what makes a push exist once: a copy under another one would be a second publisher of the same target.
    if (job.id !== pushJobId(data.data.push)) {
      throw new UnrecoverableError('push_invalid: the id of the job is not that of its push');
    }
    job.opts.stackTraceLimit = 1;
    const push = await this.#deps.push(data.data.push);
    if (push === undefined || resolvePushOptions(push.options).pool !== this.#deps.pool) return undefined;
    const stream = await this.#deps.stream(push.stream);
    return stream !== undefined && isEnabled(push, stream) ? { push, stream } : undefined;
  }

  #hold(push: DesiredPush, stream: DesiredStream, lease: JobLease, lastReport: PushReport | undefined): Held {
    const known = this.#held.get(push.id);
    if (known !== undefined) {
      known.holder.lease = lease;
      return known;
    }
    const holder = new PushHolder(push, stream, lease, {
      ...this.#deps.holder,
      giveBudgetBack: (its) => this.#giveBudgetBack(its),
      adopt: (its, wanted, options) => this.#adopt(its, wanted, options),
    });
    if (lastReport !== undefined) holder.face.lost(lastReport);
    const ended = holder.run().finally(() => this.#held.delete(push.id));
    const held = { holder, ended };
    this.#held.set(push.id, held);
    return held;
  }

  async #outcome(holder: PushHolder, end: HolderEnd, lease: JobLease): Promise<unknown> {
    const { job, token } = lease;
    if (end.kind === 'let-go') {
      await this.#deps.reporter().last(holder, undefined, 0);
      const isOver = end.farewell === 'stopped' || end.farewell === 'removed';
      // After 'lost' and 'fenced' another worker may hold the push: then the lock is not ours and nothing happens.
      return isOver ? { stopped: end.farewell } : giveBack(job, token);
    }
    const delayMs = typeof job.opts.backoff === 'object' ? (job.opts.backoff.delay ?? 0) : 0;
    await this.#deps.reporter().last(holder, holder.report(performance.now()), delayMs + REPORT_TTL_MS);
    if (end.localFailures > 0 && (await this.#deps.scripts.countFailures(job.id!, token, end.localFailures))) {
      job.attemptsMade += end.localFailures;
    }
    throw jobError(end.error, end.final, (text) => holder.face.redact(text));
  }

  async #giveBudgetBack({ job, token }: JobLease): Promise<void> {
    // BullMQ decides on the Job object, Redis keeps the count: both must know, and the one at hand must not wait for a Redis that is away.
    job.attemptsMade = 0;
    job.stalledCounter = 0;
    await this.#deps.scripts.giveBudgetBack(job.id!, token);
  }

  async #adopt({ job, token }: JobLease, push: DesiredPush, options: ResolvedPushOptions): Promise<void> {
    const data: PushJob = { v: 1, push: push.id, revision: push.revision };
    const opts = { ...job.opts, ...pushJobOptions(push.id, options) };
    if (!(await this.#deps.scripts.adopt(job.id!, token, JSON.stringify(data), JSON.stringify(opts)))) return;
    job.data = data;
    Object.assign(job.opts, opts);
  }
}

/** The job goes back to the queue as if it had never been taken: no attempt is counted. */
async function giveBack(job: Job, token: string): Promise<never> {
  await job.moveToWait(token);
  throw new WaitingError();
}

/** What BullMQ stores of a failure: code and sentence, without a stack that says nothing about the target. */
function jobError(failure: PublishError, final: boolean, redact: (text: string) => string): Error {
  const text = formatFailure(failure, redact);
  const error = final ? new UnrecoverableError(text) : new Error(text);
  error.stack = text;
  return error;
}
