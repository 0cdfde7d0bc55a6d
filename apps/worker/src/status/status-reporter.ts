import { type PushReport, REPORT_TTL_MS } from '@pushfleet/contract';
import type { FencedReport, FleetScripts } from '../fleet/scripts.ts';
import type { PushHolder } from '../push/push-holder.ts';
import type { FactWriter } from './fact-writer.ts';

/** Counters of running pushes are reported this often; the rest is only renewed. */
const REPORT_EVERY_MS = 1_000;
const RENEW_EVERY_MS = 5_000;
const COUNT_EVERY_MS = 5_000;
/** A change of status is not kept from people until the next turn. */
const SOON_MS = 10;
/** Keys of one script call: short enough not to hold Redis up. */
const BATCH = 200;

const active = new Set<PushReport['status']>(['starting', 'running', 'stalled']);

/** Tells Redis how the held pushes do: the newest report of each, never more than one write under way. */
export class StatusReporter {
  readonly #scripts: FleetScripts;
  readonly #facts: FactWriter;
  readonly #holders: () => Iterable<PushHolder>;
  readonly #lost: (jobId: string, token: string) => void;
  readonly #reported = new Map<string, { at: number; status: string; reason: string }>();
  readonly #timer: NodeJS.Timeout;
  #soon: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #countedAt = 0;

  /** `lost` hears of each lock that turns out to be somebody else's: nobody meets one sooner. */
  constructor(
    scripts: FleetScripts,
    facts: FactWriter,
    holders: () => Iterable<PushHolder>,
    lost: (jobId: string, token: string) => void,
  ) {
    this.#lost = lost;
    this.#scripts = scripts;
    this.#facts = facts;
    this.#holders = holders;
    this.#timer = setInterval(() => void this.#turn(), REPORT_EVERY_MS);
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
      const report = holder.report(now);
      const before = this.#reported.get(holder.id);
      const same = before?.status === report.status && before.reason === report.reason;
      const pauseMs = active.has(report.status) ? REPORT_EVERY_MS - 100 : RENEW_EVERY_MS;
      if (same && now - before.at < pauseMs) continue;
      this.#reported.set(holder.id, { at: now, status: report.status, reason: report.reason });
      due.push(fenced(holder, JSON.stringify(report), REPORT_TTL_MS));
    }
    for (let i = 0; i < due.length; i += BATCH) {
      const refused = await this.#scripts.report(due.slice(i, i + BATCH));
      for (const { jobId, token } of refused) this.#lost(jobId, token);
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
