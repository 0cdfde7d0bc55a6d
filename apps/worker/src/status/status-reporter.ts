import { type PushReport, REPORT_TTL_MS } from '@pushfleet/contract';
import type { FencedReport, FleetScripts } from '../fleet/scripts.ts';
import type { PushHolder } from '../push/push-holder.ts';
import type { FactWriter } from './fact-writer.ts';

/** Changes are told at once; between them ... */
const TURN_MS = 1_000;
/** ... the figures of connections are told this often, ... */
const FIGURES_EVERY_MS = 2_000;
/** ... and what has no connection is only renewed. */
const RENEW_EVERY_MS = 5_000;
/** A turn that comes a little early counts. */
const EARLY_MS = 100;
/** A worker that is killed takes so much of the totals with it. */
const COUNT_EVERY_MS = 15_000;
/** A change of status is not kept from people until the next turn. */
const SOON_MS = 10;
/** Reports of one script call: short enough not to hold Redis up. */
const BATCH = 200;

const connected = new Set<PushReport['status']>(['starting', 'running', 'stalled']);

/** What a write finds out about the locks of the held pushes: nobody meets it sooner. */
export interface LockFindings {
  /** It is somebody else's. */
  foreign(jobId: string, token: string): void;
  /** There are none: they can be taken back. */
  missing(locks: readonly { jobId: string; token: string }[]): Promise<void>;
}

/** Tells Redis how the held pushes do: the newest report of each, never more than one write under way. */
export class StatusReporter {
  readonly #scripts: FleetScripts;
  readonly #facts: FactWriter;
  readonly #holders: () => Iterable<PushHolder>;
  readonly #locks: LockFindings;
  readonly #reported = new Map<string, { at: number; status: string; reason: string }>();
  readonly #timer: NodeJS.Timeout;
  #soon: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #countedAt = 0;

  constructor(scripts: FleetScripts, facts: FactWriter, holders: () => Iterable<PushHolder>, locks: LockFindings) {
    this.#scripts = scripts;
    this.#facts = facts;
    this.#holders = holders;
    this.#locks = locks;
    this.#timer = setInterval(() => void this.#turn(), TURN_MS);
  }

  /** A status changed: report within milliseconds. */
  changed(): void {
    this.#soon ??= setTimeout(async () => {
      // A write under way has read an older status.
      await this.#writing;
      this.#soon = undefined;
      await this.#turn();
    }, SOON_MS);
  }

  /**
   * The last report of a holder, written before its job is given back; an absent one deletes the report. Never rejects: a report that
   * cannot be written expires, and must not decide what becomes of the job.
   */
  async last(holder: PushHolder, report: PushReport | undefined, ttlMs: number): Promise<void> {
    this.#reported.delete(holder.id);
    await this.#writing;
    const json = report === undefined ? '' : JSON.stringify(report);
    await this.#scripts.report([fenced(holder, json, ttlMs)]).catch(() => {});
  }

  stop(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#soon);
  }

  async #turn(): Promise<void> {
    if (this.#writing !== undefined) return;
    this.#writing = this.#write()
      // Redis is away or has moved on: the next turn brings newer reports anyway.
      .catch(() => {})
      .finally(() => {
        this.#writing = undefined;
      });
    await this.#writing;
  }

  async #write(): Promise<void> {
    const now = performance.now();
    const due: FencedReport[] = [];
    const count = now - this.#countedAt >= COUNT_EVERY_MS;
    if (count) this.#countedAt = now;
    for (const holder of this.#holders()) {
      if (count) this.#count(holder, now);
      const { status, reason } = holder.face;
      const before = this.#reported.get(holder.id);
      const pauseMs = connected.has(status) ? FIGURES_EVERY_MS : RENEW_EVERY_MS;
      const same = before?.status === status && before.reason === reason;
      if (same && now - before.at < pauseMs - EARLY_MS) continue;
      this.#reported.set(holder.id, { at: now, status, reason });
      due.push(fenced(holder, JSON.stringify(holder.report(now)), REPORT_TTL_MS));
    }
    for (let i = 0; i < due.length; i += BATCH) {
      const { foreign, unlocked } = await this.#scripts.report(due.slice(i, i + BATCH));
      for (const { jobId, token } of foreign) this.#locks.foreign(jobId, token);
      if (unlocked.length > 0) await this.#locks.missing(unlocked);
    }
  }

  #count(holder: PushHolder, now: number): void {
    const counters = holder.takeCounters(now);
    if (counters !== undefined) this.#facts.counters(holder.id, { ...counters, sessions: 0 });
  }
}

function fenced(holder: PushHolder, report: string, ttlMs: number): FencedReport {
  return { push: holder.id, jobId: holder.lease.job.id!, token: holder.lease.token, report, ttlMs };
}
