import { type ResolvedPushOptions, resolveDelivery, resolvePushOptions } from '@pushfleet/config';
import { type DesiredPush, type DesiredStream, isEnabled, type PushJob, type PushReport } from '@pushfleet/contract';
import { type DeliveryOptions, type EndKind, PublishError } from '@pushfleet/protocols';
import type { Job } from 'bullmq';
import type { SourceLease, StreamHubs } from '../source/stream-hubs.ts';
import { Attempt, type AttemptDeps, isSameDelivery } from './attempt.ts';
import { type FaceDeps, PushFace } from './push-face.ts';

/** Why a holder lets go of its push ... */
export type Farewell = 'stopped' | 'removed' | 'drained' | 'rebalanced' | 'restarted' | 'lost' | 'fenced';
/** ... or only of its connection. */
type Intent = Farewell | 'updated';

/** How the holding of a push ended; the processor turns it into an outcome of the job. */
export type HolderEnd =
  | { readonly kind: 'let-go'; readonly farewell: Farewell }
  /** `localFailures`: those among the failures that the job's own counter has not seen. */
  | { readonly kind: 'failed'; readonly error: PublishError; readonly final: boolean; readonly localFailures: number };

/** The job activation that a holder acts for. */
export interface JobLease {
  readonly job: Job<PushJob>;
  readonly token: string;
}

export interface HolderDeps extends FaceDeps {
  readonly hubs: StreamHubs;
  readonly attemptDeps: (push: DesiredPush) => Omit<AttemptDeps, 'hub'>;
  /** Gives the whole retry budget back. */
  readonly giveBudgetBack: (lease: JobLease) => Promise<void>;
  /** Writes the revision and options that now hold into the job. */
  readonly adopt: (lease: JobLease, push: DesiredPush, options: ResolvedPushOptions) => Promise<void>;
  /** Redis answers right now and has the job: BullMQ can count and delay a failure. Otherwise the holder tries again by itself. */
  readonly canFail: (lease: JobLease) => Promise<boolean>;
}

/** A session this long proves that the target takes the push: the retry budget starts anew. */
export const HEALTHY_AFTER_MS = 10_000;
/** Workers lost in a row (a healthy session forgets them) before a push counts as the one that ends its workers. */
const MAX_LOST_WORKERS = 5;
/** A source that is still connected may pause this long before its silence counts as an end, whatever `timeout` says. */
const PAUSE_MS = 2_000;

/** One push held by this process while its job is active: waits for the source, attempts, reports. Counts nothing that BullMQ counts. */
export class PushHolder {
  readonly id: string;
  /** A second activation of the same push in this process puts its own lease here; the connection stays. */
  lease: JobLease;
  readonly face: PushFace;
  readonly #deps: HolderDeps;
  #options: ResolvedPushOptions;
  #stream: DesiredStream;
  #source: SourceLease;
  #attempt: Attempt | undefined;
  #intent: Intent | undefined;
  /** Ends whatever the holder waits for when an intent comes in. */
  #waiting = new AbortController();
  /** Resolves when it is known whose the push is. */
  #cleared = Promise.resolve();
  #localFailures = 0;
  /** 1 once the attempt has failed with which the holding ends: the job counts it when it is given back. */
  #lastFailure = 0;
  #connected = false;
  /** Age of the session when its health was last about to be recorded; Infinity once it is. */
  #provedAtMs = 0;

  constructor(push: DesiredPush, stream: DesiredStream, lease: JobLease, deps: HolderDeps) {
    this.id = push.id;
    this.lease = lease;
    this.face = new PushFace(push, deps);
    this.#deps = deps;
    this.#options = resolvePushOptions(push.options);
    this.#stream = stream;
    this.#source = deps.hubs.acquire(push.stream);
  }

  get push(): DesiredPush {
    return this.face.push;
  }

  async run(): Promise<HolderEnd> {
    try {
      if (this.lease.job.stalledCounter > MAX_LOST_WORKERS) return await this.#spareWorkers();
      for (;;) {
        const farewell = this.#nextIntent();
        if (farewell !== undefined) return { kind: 'let-go', farewell };
        if (!(await this.#sourceIsLive()) || this.#intent !== undefined) continue;
        await this.#whenCleared();
        if (this.#intent !== undefined) continue;
        const failure = await this.#runAttempt();
        if (failure === undefined) continue;
        // Another worker has begun a later attempt: one more here would be later still, and end that one.
        if (failure.error.code === 'fenced') return { kind: 'let-go', farewell: 'fenced' };
        if (failure.final || (await this.#deps.canFail(this.lease))) {
          this.#lastFailure = 1;
          return failure;
        }
        this.#localFailures++;
        await this.#pause(this.#options.retryTimeoutMs);
      }
    } finally {
      this.#source.release();
    }
  }

  /**
   * Lets go of the push (or of its connection): cleanly, except when another holder may already be about to connect. `endKind`: where it is
   * another one than usual.
   */
  intend(intent: Intent, endKind?: EndKind): void {
    const urgent = intent === 'lost' || intent === 'fenced';
    if (!urgent && this.#intent !== undefined && isFarewell(this.#intent)) return;
    this.#intent = intent;
    this.#waiting.abort();
    if (intent === 'lost' || intent === 'fenced') this.#attempt?.drop('fenced');
    else this.#attempt?.end(intent, endKind);
  }

  /**
   * Drops the connection, since the push may be somebody else's by now. The holder goes on by itself once `cleared` has resolved, unless it was told to let
   * go before.
   */
  suspend(cleared: Promise<void>): void {
    this.#cleared = cleared;
    this.#attempt?.drop('fenced');
  }

  /** Undefined without a connection. */
  get connectedAt(): Date | undefined {
    return this.#attempt?.connectedAt;
  }

  /** Of the stream that the holder knows. */
  get streamRevision(): number {
    return this.#stream.revision;
  }

  /** Is this the revision that the holder acts on, and that its job names? */
  actsOn(revision: number): boolean {
    return this.push.revision === revision && this.lease.job.data.revision === revision;
  }

  /** Acts on what people want now. Only what touches the connection interrupts it. `stream`: that of the push, if there is one. */
  async desiredChanged(push: DesiredPush, stream: DesiredStream | undefined): Promise<void> {
    const before = this.push;
    const deliveryBefore = this.#delivery;
    const options = resolvePushOptions(push.options);
    if (push.removed) return this.intend('removed');
    if (stream === undefined || !isEnabled(push, stream)) return this.intend('stopped');
    if (options.pool !== this.#options.pool) return this.intend('stopped', 'handover');
    this.face.push = push;
    this.#options = options;
    this.#stream = stream;
    if (push.stream !== before.stream) {
      this.#source.release();
      this.#source = this.#deps.hubs.acquire(push.stream);
    }
    const isRestart = push.restarts !== before.restarts;
    if (isRestart) this.#localFailures = 0;
    // Both are on their way to Redis, in this order, before the job can be given back.
    const written = Promise.all([
      this.actsOn(push.revision) ? undefined : this.#deps.adopt(this.lease, push, options),
      isRestart ? this.#deps.giveBudgetBack(this.lease) : undefined,
    ]);
    // Through the queue, so that a worker with more room may have it.
    if (isRestart) this.intend('restarted');
    else if (push.url !== before.url) this.intend('updated');
    else if (push.stream !== before.stream || !isSameDelivery(push.url, deliveryBefore, this.#delivery)) {
      this.intend('updated', 'handover');
    }
    await written;
  }

  /** Called a few times a second with performance.now(). */
  tick(now: number): void {
    const attempt = this.#attempt;
    if (attempt?.connectedAt === undefined) return;
    if (!this.#connected) {
      this.#connected = true;
      this.face.connected(attempt.stats(now).peer);
    }
    const { phase, reason } = attempt.look(now);
    if (phase === 'wedged' || phase === 'expired' || this.#intent !== undefined) return;
    this.face.lives(phase, reason);
    if (phase === 'running') this.#proveHealth(attempt.connectedForMs(now));
    if (this.#sourceTimedOut()) attempt.end('source_timeout');
  }

  report(now: number): PushReport {
    return this.face.report(now, this.#attempt, this.#failuresInARow);
  }

  takeCounters(now: number): { bytes: number; droppedFrames: number } | undefined {
    return this.#attempt === undefined ? undefined : this.face.takeCounters(this.#attempt, now);
  }

  get #failuresInARow(): number {
    return this.lease.job.attemptsMade + this.#localFailures + this.#lastFailure;
  }

  get #delivery(): DeliveryOptions {
    return resolveDelivery(this.push.options, this.#stream.spec);
  }

  /** A farewell ends the holding; other intents have done their work once the connection is closed. */
  #nextIntent(): Farewell | undefined {
    const intent = this.#intent;
    if (intent !== undefined && isFarewell(intent)) return intent;
    this.#intent = undefined;
    this.#waiting = new AbortController();
    return undefined;
  }

  /** False when an intent came in first. Waiting for a source is not an attempt and counts as nothing. */
  async #sourceIsLive(): Promise<boolean> {
    const { hub } = this.#source;
    const { signal } = this.#waiting;
    if (hub.live && !this.#sourceTimedOut()) return true;
    this.face.waiting(this.#source.reason());
    const explain = setInterval(() => this.face.waiting(this.#source.reason()), 1_000);
    try {
      await hub.nextSample(signal);
      return true;
    } catch {
      return false;
    } finally {
      clearInterval(explain);
    }
  }

  /** Whoever stands still once more while he waits has another question to wait for. */
  async #whenCleared(): Promise<void> {
    for (let waitedFor: Promise<void> | undefined; waitedFor !== this.#cleared; ) {
      waitedFor = this.#cleared;
      await waitedFor;
    }
  }

  /** A push that has lost one worker after the other must not end more of them. Restarted or retried by hand it begins anew. */
  async #spareWorkers(): Promise<HolderEnd & { kind: 'failed' }> {
    const detail = `${this.lease.job.stalledCounter} workers in a row, without ${HEALTHY_AFTER_MS / 1_000} healthy seconds at any of them`;
    const error = new PublishError('worker_lost', detail);
    const number = this.#failuresInARow + 1;
    this.#lastFailure = 1;
    const budget = { failuresInARow: number, final: true, retryAfterMs: 0 };
    this.face.closed(this.#newAttempt(), number, { cause: error.code, error }, budget);
    await this.#deps.giveBudgetBack(this.lease).catch(() => {}); // Redis has gone: by the next time it is counted once more
    return { kind: 'failed', error, final: true, localFailures: this.#localFailures };
  }

  #newAttempt(): Attempt {
    const { connectTimeoutMs } = this.#options;
    return new Attempt(
      this.push,
      { connectTimeoutMs, delivery: this.#delivery },
      { hub: this.#source.hub, ...this.#deps.attemptDeps(this.push) },
    );
  }

  async #runAttempt(): Promise<(HolderEnd & { kind: 'failed' }) | undefined> {
    const number = this.#failuresInARow + 1;
    const attempt = this.#newAttempt();
    this.#attempt = attempt;
    this.#connected = false;
    this.#provedAtMs = 0;
    this.face.opened(attempt);
    const end = await attempt.run();
    const { error } = end;
    const attempts = this.#options.retryLimit ?? Number.POSITIVE_INFINITY;
    const failuresInARow = this.#failuresInARow + 1;
    const final = error !== undefined && (error.retry === 'never' || failuresInARow >= attempts);
    const budget = { failuresInARow, final, retryAfterMs: this.#options.retryTimeoutMs };
    this.face.closed(attempt, number, end, error === undefined ? undefined : budget);
    this.#attempt = undefined;
    return error === undefined ? undefined : { kind: 'failed', error, final, localFailures: this.#localFailures };
  }

  #proveHealth(connectedForMs: number): void {
    if (connectedForMs < this.#provedAtMs + HEALTHY_AFTER_MS) return;
    this.#provedAtMs = Number.POSITIVE_INFINITY;
    this.#localFailures = 0;
    this.#deps.giveBudgetBack(this.lease).catch(() => {
      // Redis refuses to write just now: the next proof comes as long after this one.
      this.#provedAtMs = connectedForMs;
    });
  }

  /** Has the source been gone for as long as the push's `timeout` allows? */
  #sourceTimedOut(): boolean {
    const { timeoutMs } = this.#options;
    const { hub } = this.#source;
    if (timeoutMs === null || hub.silentMs < timeoutMs) return false;
    return hub.quietMs >= PAUSE_MS;
  }

  #pause(ms: number): Promise<void> {
    const { signal } = this.#waiting;
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      signal.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

function isFarewell(intent: Intent): intent is Farewell {
  return intent !== 'updated';
}
