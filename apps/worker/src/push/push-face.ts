import { redactText, redactUrl, secretsOf } from '@pushfleet/config';
import {
  type DesiredPush,
  type EventType,
  type FleetEvent,
  type JournalEntry,
  type LastError,
  type PushReport,
  redactedMessage,
} from '@pushfleet/contract';
import { type PublishError, publishErrorMessage } from '@pushfleet/protocols';
import type { Logger } from 'pino';
import type { FactWriter } from '../status/fact-writer.ts';
import type { Attempt, AttemptEnd } from './attempt.ts';
import { RateMeter } from './rate-meter.ts';

type Status = PushReport['status'];

export interface FaceDeps {
  readonly facts: FactWriter;
  readonly workerName: string;
  readonly log: Logger;
  /** Something changed that people should see soon. */
  readonly changed: () => void;
}

/** How much of its last peak a push is thought to need no more, with each report. */
const PEAK_DECAY = 1 / 8;

/** Where a holder stands in its budget of failures. */
export interface Budget {
  readonly failuresInARow: number;
  readonly final: boolean;
  readonly retryAfterMs: number;
}

/** What people see of a push: its status and reason, its report, its events, its journal and its lines in the log. Knows how to be discreet. */
export class PushFace {
  push: DesiredPush;
  readonly #deps: FaceDeps;
  #status: Status = 'waiting';
  #reason = '';
  #lastError: LastError | null = null;
  #nextRetryAt: string | null = null;
  #openedAt: Date | undefined;
  #hasRun = false;
  #rate: RateMeter | undefined;
  #bitrateBps = 0;
  #neededBps = 0;
  #counted = { bytes: 0, droppedFrames: 0 };

  constructor(push: DesiredPush, deps: FaceDeps) {
    this.push = push;
    this.#deps = deps;
  }

  /** Every text about this push passes here before anyone sees it. */
  redact(text: string): string {
    return redactText(text, secretsOf(this.push.url, this.push.options.headers));
  }

  get status(): Status {
    return this.#status;
  }

  get reason(): string {
    return this.#reason;
  }

  /** As of the last report. */
  get bitrateBps(): number {
    return this.#bitrateBps;
  }

  /** What the push needs when it sends: rises with its bit rate and falls slowly, over attempts too. 0 before it has sent anything. */
  get neededBps(): number {
    return this.#neededBps;
  }

  waiting(reason: string): void {
    if (this.#status === 'waiting' && this.#reason === reason) return;
    this.#enter('waiting', reason);
    this.#event('push_waiting', { message: reason });
  }

  opened(attempt: Attempt): void {
    this.#openedAt = attempt.startedAt;
    this.#hasRun = false;
    this.#nextRetryAt = null;
    this.#rate = undefined;
    this.#bitrateBps = 0;
    this.#counted = { bytes: 0, droppedFrames: 0 };
    this.#enter('starting', '');
    this.#event('push_opened', {});
  }

  connected(peer: string): void {
    this.#event('push_connected', { peer });
  }

  /** The connection lives; says so once whenever that changes. */
  lives(phase: 'starting' | 'running' | 'stalled', reason: string): void {
    if (phase === this.#status && reason === this.#reason) return;
    if (phase === 'running') {
      this.#event(this.#hasRun ? 'push_resumed' : 'push_started', {});
      this.#hasRun = true;
      this.#lastError = null;
    }
    if (phase === 'stalled') this.#event('push_stalled', { message: reason });
    this.#enter(phase, reason);
  }

  /** An attempt is over: one journal entry, one event, totals. `budget` when it failed. */
  closed(attempt: Attempt, number: number, end: AttemptEnd, budget: Budget | undefined): void {
    const now = performance.now();
    const { bytes, frames, peer } = attempt.stats(now);
    const message = end.error === undefined ? '' : redactedMessage(end.error, (text) => this.redact(text));
    this.#deps.facts.counters(this.push.id, {
      ...this.takeCounters(attempt, now),
      sessions: attempt.connectedAt === undefined ? 0 : 1,
    });
    const entry: JournalEntry = {
      attempt: number,
      worker: this.#deps.workerName,
      started_at: attempt.startedAt.toISOString(),
      connected_at: attempt.connectedAt?.toISOString() ?? null,
      ended_at: new Date().toISOString(),
      peer,
      bytes,
      frames,
      cause: end.cause,
      message,
      failed: budget !== undefined,
    };
    // Whoever was thought to be dead and lives knows better than the one who has told of its last attempt.
    if (end.cause === 'fenced') this.#deps.facts.correctJournal(this.push.id, entry);
    else this.#deps.facts.journal(this.push.id, entry);
    this.#event('push_closed', { cause: end.cause, message, peer, bytes, attempt: number });
    if (end.error !== undefined && budget !== undefined) this.#failed(end.error, message, peer, budget);
  }

  /** The last attempt of a worker that cannot tell of it any more, as its last report has it. */
  lost(last: PushReport): void {
    if (last.opened_at === null) return;
    const { worker, attempt, peer, bytes, frames } = last;
    const message = publishErrorMessage('worker_lost', '');
    this.#deps.facts.journal(this.push.id, {
      attempt,
      worker,
      started_at: last.opened_at,
      connected_at: last.connected_at,
      ended_at: new Date().toISOString(),
      peer,
      bytes,
      frames,
      cause: 'worker_lost',
      message,
      failed: false,
    });
    this.#event('push_closed', { worker, cause: 'worker_lost', message, peer, bytes, attempt });
  }

  report(now: number, attempt: Attempt | undefined, failuresInARow: number): PushReport {
    const stats = attempt?.stats(now);
    const connectedAt = attempt?.connectedAt?.toISOString() ?? null;
    this.#bitrateBps = attempt?.connectedAt === undefined ? 0 : this.#measureRate(now, attempt, stats?.bytes ?? 0);
    const isOver = this.#status === 'retry' || this.#status === 'error';
    return {
      push: this.push.id,
      revision: this.push.revision,
      status: this.#status,
      reason: this.#reason,
      worker: this.#deps.workerName,
      // After a failure it is the number of the attempt that failed, else of the one under way.
      attempt: isOver ? failuresInARow : failuresInARow + 1,
      failures_in_a_row: failuresInARow,
      opened_at: attempt === undefined ? null : (this.#openedAt?.toISOString() ?? null),
      connected_at: connectedAt,
      bytes: stats?.bytes ?? 0,
      bitrate_bps: this.#bitrateBps,
      frames: stats?.frames ?? 0,
      dropped_frames: stats?.droppedFrames ?? 0,
      lag_ms: Math.round(stats?.lagMs ?? 0),
      queue_bytes: stats?.queueBytes ?? 0,
      peer: stats?.peer ?? '',
      last_error: this.#lastError,
      next_retry_at: this.#nextRetryAt,
      reported_at: new Date().toISOString(),
    };
  }

  /** What was sent since the last call, for the totals that outlive sessions. */
  takeCounters(attempt: Attempt, now: number): { bytes: number; droppedFrames: number } {
    const { bytes, droppedFrames } = attempt.stats(now);
    const taken = { bytes: bytes - this.#counted.bytes, droppedFrames: droppedFrames - this.#counted.droppedFrames };
    this.#counted = { bytes, droppedFrames };
    return taken;
  }

  #failed(error: PublishError, message: string, peer: string, budget: Budget): void {
    const at = new Date();
    this.#lastError = { code: error.code, message, at: at.toISOString(), peer };
    this.#nextRetryAt = budget.final ? null : new Date(at.getTime() + budget.retryAfterMs).toISOString();
    this.#deps.facts.failure(this.push.id, error.code, budget.final);
    this.#enter(budget.final ? 'error' : 'retry', message);
    this.#event(budget.final ? 'push_error' : 'push_retry', {
      cause: error.code,
      message,
      failures_in_a_row: budget.failuresInARow,
      next_retry_at: this.#nextRetryAt,
    });
  }

  #enter(status: Status, reason: string): void {
    this.#status = status;
    this.#reason = reason;
    this.#deps.changed();
  }

  #event(event: EventType, more: Partial<FleetEvent>): void {
    const { id, stream, url } = this.push;
    const target = redactUrl(url);
    const failed = event === 'push_retry' || event === 'push_error';
    this.#deps.log[failed ? 'warn' : 'info']({ push: id, stream, target, ...more }, event);
    this.#deps.facts.event({
      event,
      at: new Date().toISOString(),
      push: id,
      stream,
      url: target,
      worker: this.#deps.workerName,
      status: this.#status,
      ...more,
    });
  }

  #measureRate(now: number, attempt: Attempt, bytes: number): number {
    this.#rate ??= new RateMeter(attempt.burstMs);
    const bps = this.#rate.measure(now, bytes);
    const change = bps - this.#neededBps;
    if (bps > 0) this.#neededBps += change > 0 ? change : change * PEAK_DECAY;
    return bps;
  }
}
