import type { FleetEvent, JournalEntry, LastError } from '@pushfleet/contract';
import type { Fleet } from './fleet.ts';
import { logRecords } from './log-records.ts';
import type { StatusWatch } from './status-watch.ts';
import { until } from './until.ts';

/** What the fleet says of the newest failed attempt of a push, in each place where people look. */
export interface FailureReport {
  /** `last_error` of the API. */
  readonly api: LastError;
  readonly journal: JournalEntry;
  /** `push_retry` or `push_error`. */
  readonly event: FleetEvent;
  /** The same in the log of the worker. */
  readonly logged: Readonly<Record<string, unknown>>;
  /** Failures by code, from the API. */
  readonly counted: Readonly<Record<string, number>>;
  /** How long the attempt took. */
  readonly tookMs: number;
}

/** Less than the `retry_timeout` of those who ask: what is told within this time is told of one attempt. */
const SAME_ATTEMPT_MS = 900;

/** Waits until a push has failed as often as `failures` says and all places know it. */
export async function failureReport(
  fleet: Fleet,
  watch: StatusWatch,
  id: string,
  { failures = 1, timeoutMs = 60_000 } = {},
): Promise<FailureReport> {
  const isFailure = ({ event }: { event: unknown }) => event === 'push_retry' || event === 'push_error';
  const report = async () => {
    const push = await fleet.api.push(id);
    const journal = (await fleet.api.attempts(id)).find(({ failed }) => failed);
    const event = watch.eventsOf(id).findLast(isFailure);
    const logged = fleet.workers
      .flatMap(logRecords)
      .findLast(({ push, msg }) => push === id && isFailure({ event: msg }));
    const counted = Object.values(push.errors).reduce((sum, count) => sum + count, 0);
    if (counted < failures || push.last_error === null || !journal || !event || !logged) return undefined;
    // The places are asked one after the other: a later attempt may have failed in between.
    const times = [push.last_error.at, journal.ended_at, event.at, String(logged.time)].map((at) => Date.parse(at));
    if (Math.max(...times) - Math.min(...times) > SAME_ATTEMPT_MS) return undefined;
    const tookMs = Date.parse(journal.ended_at) - Date.parse(journal.started_at);
    return { api: push.last_error, journal, event, logged, counted: push.errors, tookMs };
  };
  const what = () => `push ${id} to fail ${failures} times and say why; it was ${watch.statuses(id).join(', then ')}`;
  return until(report, { what, timeoutMs });
}
