import { type ControlMessage, type DesiredPush, type DesiredStream, type Keys, pushIdOfJob } from '@pushfleet/contract';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { LeaderLock } from '../fleet/leader-lock.ts';
import type { JobSnapshots } from '../queue/job-snapshot.ts';
import type { PushQueues } from '../queue/push-queues.ts';
import type { QueuedJob } from '../queue/queued-job.ts';
import { chunksOf } from '../redis/chunks.ts';
import type { RedisContact } from '../redis/redis-contact.ts';
import { repliesOf } from '../redis/replies.ts';
import { isRedisUnavailable } from '../redis/unavailable.ts';
import type { DesiredCache } from './desired-cache.ts';
import { type Action, reconcile } from './reconciler.ts';

/** The guarantee behind every hint that gets lost. */
const INTERVAL_MS = 1_500;
/** Changes that come together are dealt with together. */
const GATHER_MS = 10;
/** Time for holders to put their own jobs back. */
const HOLDERS_FIRST_MS = 3_000;
/** Pushes added per renewal of the lease. */
const ADDS_PER_LEASE = 1_000;

export interface ReconcileDeps {
  readonly cache: DesiredCache;
  readonly queues: PushQueues;
  readonly snapshots: JobSnapshots;
  readonly lock: LeaderLock;
  readonly redis: Redis;
  readonly keys: Keys;
  readonly log: Logger;
  /** Called at the start of each round while this scheduler leads, with the newest desired state at hand; `isNew`: it has just begun. */
  readonly lead: (isNew: boolean) => Promise<void>;
  readonly contact: RedisContact;
  readonly measured: (seconds: number, actions: number) => void;
}

/** Keeps the queues equal to desired state, as long as this scheduler leads; the others only follow desired state. */
export class ReconcileLoop {
  readonly #deps: ReconcileDeps;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #again = false;
  #stopped = false;
  #leads = false;
  #knownRestoredAt = Number.NEGATIVE_INFINITY;
  #lastRoundMs = 0;
  #failing = false;
  /** Removed pushes that had no job in the last round: their holder has had the time to write its last words. */
  #jobless = new Set<DesiredPush>();

  constructor(deps: ReconcileDeps) {
    this.#deps = deps;
  }

  /** Resolves after the first round, whether it succeeded or not. */
  start(): Promise<void> {
    this.#deps.cache.onChange(() => this.nudge());
    return this.#run();
  }

  /** Waits for the round under way and gives the lead away. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
    if (this.#leads) await this.#deps.lock.release().catch(() => {});
  }

  /** Something has changed: the next round comes soon. */
  nudge(): void {
    if (this.#stopped) return;
    if (this.#running !== undefined) this.#again = true;
    // A fleet so big that rounds take long gets some rest between them.
    else this.#schedule(Math.max(GATHER_MS, this.#lastRoundMs));
  }

  #schedule(delayMs: number): void {
    clearTimeout(this.#timer);
    if (!this.#stopped) this.#timer = setTimeout(() => void this.#run(), delayMs);
  }

  #run(): Promise<void> {
    this.#again = false;
    const startedAt = performance.now();
    this.#running = this.#round()
      .then(
        () => this.#recovered(),
        (error: unknown) => this.#failed(error),
      )
      .finally(() => {
        this.#running = undefined;
        this.#lastRoundMs = performance.now() - startedAt;
        this.#schedule(this.#again ? Math.max(GATHER_MS, this.#lastRoundMs) : INTERVAL_MS);
      });
    return this.#running;
  }

  async #round(): Promise<void> {
    const { cache, queues, snapshots, lock, lead, log } = this.#deps;
    if (!(await lock.hold())) {
      this.#leads = false;
      await cache.refresh();
      return;
    }
    const startedAt = performance.now();
    if (!this.#leads) await cache.refresh();
    await lead(!this.#leads);
    if (!this.#leads) log.info('this scheduler leads');
    this.#leads = true;
    await queues.discover(cache.pushes.values());
    // Jobs first: desired state that is newer than the jobs asks for too little, the other way round for too much.
    const jobs = await snapshots.take(queues.byPool, cache);
    await cache.refresh();
    const actions = reconcile(cache, this.#judged(jobs), new Date().toISOString());
    await this.#apply(actions);
    for (const id of await queues.removeUnreadableRequests()) log.warn({ job: id }, 'request removed: it is no JSON');
    this.#deps.measured((performance.now() - startedAt) / 1000, actions.length);
  }

  /** Right after a loss, a push that is not known here may be known to a scheduler that has yet to put it back. */
  #judged(jobs: readonly QueuedJob[]): readonly QueuedJob[] {
    const { cache } = this.#deps;
    return cache.inGrace ? jobs.filter(({ id }) => cache.pushes.has(pushIdOfJob(id))) : jobs;
  }

  /** After a loss of the data set holders put their own jobs back first. */
  #holdersComeFirst(): boolean {
    const { cache, log } = this.#deps;
    if (cache.restoredAt > this.#knownRestoredAt)
      log.warn('redis has lost data: desired state is restored from memory');
    this.#knownRestoredAt = cache.restoredAt;
    return performance.now() < cache.restoredAt + HOLDERS_FIRST_MS;
  }

  async #apply(actions: readonly Action[]): Promise<void> {
    const { cache, queues, log } = this.#deps;
    const of = <D extends Action['do']>(kind: D) =>
      actions.filter((action): action is Extract<Action, { do: D }> => action.do === kind);
    for (const { job, why } of of('remove')) {
      const level = cache.pushes.has(pushIdOfJob(job.id)) ? 'debug' : 'warn';
      log[level]({ job: job.id, pool: job.pool, state: job.state, why }, 'job removed');
    }
    await queues.remove([...of('remove'), ...of('replace')].map(({ job }) => job));
    await this.#tell(of('tell').map(({ push }) => push));
    await cache.setErrors([...of('rest'), ...of('wake').map(({ push }) => ({ push, error: null }))]);
    if (!this.#holdersComeFirst()) await this.#add([...of('replace'), ...of('add')].map(({ push }) => push));
    await this.#purge(
      of('purge-push').map(({ push }) => push),
      of('purge-stream').map(({ stream }) => stream),
    );
  }

  async #add(pushes: readonly DesiredPush[]): Promise<void> {
    for (const chunk of chunksOf(pushes, ADDS_PER_LEASE)) {
      await this.#deps.queues.add(chunk);
      if (!(await this.#deps.lock.hold())) return;
    }
  }

  async #tell(pushes: readonly string[]): Promise<void> {
    for (const chunk of chunksOf(pushes)) {
      const pipeline = this.#deps.redis.pipeline();
      for (const push of chunk)
        pipeline.publish(this.#deps.keys.control, JSON.stringify({ op: 'push', push } satisfies ControlMessage));
      await repliesOf(pipeline);
    }
  }

  async #purge(pushes: readonly DesiredPush[], streams: readonly DesiredStream[]): Promise<void> {
    const ripe = pushes.filter((push) => this.#jobless.has(push));
    this.#jobless = new Set(pushes);
    if (ripe.length > 0 || streams.length > 0) await this.#deps.cache.purge(ripe, streams);
  }

  #recovered(): void {
    this.#deps.contact.answered();
    if (this.#failing) this.#deps.log.info('reconciling again');
    this.#failing = false;
  }

  #failed(error: unknown): void {
    this.#leads &&= this.#deps.lock.isLeader;
    if (isRedisUnavailable(error)) this.#deps.contact.missed();
    if (this.#failing) return;
    this.#failing = true;
    if (isRedisUnavailable(error)) this.#deps.log.warn('redis does not answer: running pushes go on, changes wait');
    else this.#deps.log.error({ err: error }, 'reconciling failed');
  }
}
