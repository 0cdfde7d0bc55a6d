import type { PublishErrorCode } from '@pushfleet/protocols';
import { z } from 'zod';

/** What is true of a push now; see docs/architecture.md for when each one holds. */
export const pushStatusSchema = z.enum([
  'pending',
  'starting',
  'running',
  'stalled',
  'waiting',
  'retry',
  'error',
  'disabled',
]);
export type PushStatus = z.infer<typeof pushStatusSchema>;

export const lastErrorSchema = z.object({
  code: z.string().describe('stable error code, see docs/errors.md'),
  message: z.string(),
  at: z.string().describe('RFC 3339'),
  peer: z.string().describe('ip:port of the target, empty when no connection was made'),
});
export type LastError = z.infer<typeof lastErrorSchema>;

/** What the holder of a push says of it. */
export interface PushReport {
  readonly push: string;
  /** Revision of the desired state that the holder acts on. */
  readonly revision: number;
  readonly status: Exclude<PushStatus, 'pending' | 'disabled'>;
  /** Why, in words for people; empty when the status says it all. */
  readonly reason: string;
  /** Name of the holder. */
  readonly worker: string;
  /** Number of the attempt under way, or of the last one, since the push was last (re)started or healthy. */
  readonly attempt: number;
  readonly failures_in_a_row: number;
  readonly opened_at: string | null;
  readonly connected_at: string | null;
  readonly bytes: number;
  readonly bitrate_bps: number;
  readonly frames: number;
  readonly dropped_frames: number;
  readonly lag_ms: number;
  readonly queue_bytes: number;
  readonly peer: string;
  readonly last_error: LastError | null;
  readonly next_retry_at: string | null;
  /** RFC 3339, clock of the holder; for people only. */
  readonly reported_at: string;
}

/** How long a report speaks for a push without being renewed. Holders renew every 5 s at the latest. */
export const REPORT_TTL_MS = 20_000;

/** A report as Redis keeps it: until when it speaks (server time in ms), a space, the report as JSON. */
export const storedReport = (report: PushReport, untilMs: number): string => `${untilMs} ${JSON.stringify(report)}`;

export const parseStoredReport = (stored: string): PushReport =>
  JSON.parse(stored.slice(stored.indexOf(' ') + 1)) as PushReport;

/** Does a report still speak for its push? `nowMs`: server time. */
export const stillSpeaks = (stored: string, nowMs: number): boolean => Number.parseInt(stored, 10) > nowMs;

/** Why an attempt is over: an error code, or one of the ways to end without failure. */
export type EndCause =
  | PublishErrorCode
  | 'stopped'
  | 'source_timeout'
  | 'drained'
  | 'rebalanced'
  | 'restarted'
  | 'renewed'
  | 'updated'
  | 'removed'
  | 'fenced';

/** One attempt in the journal of a push. */
export const journalEntrySchema = z.object({
  attempt: z.int(),
  worker: z.string(),
  started_at: z.string(),
  connected_at: z.string().nullable(),
  ended_at: z.string(),
  peer: z.string(),
  bytes: z.int(),
  frames: z.int(),
  cause: z.string(),
  message: z.string(),
  failed: z.boolean().describe('the attempt counts towards retry_limit'),
});
export type JournalEntry = z.infer<typeof journalEntrySchema>;
export const JOURNAL_LENGTH = 50;

/** Field of a push's counter hash that counts the failures of one code. */
export const errorCounter = (code: string): string => `errors_${code}`;

export const eventTypeSchema = z.enum([
  'push_opened',
  'push_connected',
  'push_started',
  'push_stalled',
  'push_resumed',
  'push_waiting',
  'push_closed',
  'push_retry',
  'push_error',
  'push_created',
  'push_updated',
  'push_removed',
  'push_disabled',
  'push_enabled',
  'push_restarted',
  'stream_started',
  'stream_stopped',
  'stream_refused',
  'stream_input',
  'stream_created',
  'stream_updated',
  'stream_removed',
  'worker_started',
  'worker_draining',
  'worker_full',
  'worker_taking',
  'worker_stopped',
  'worker_lost',
  'worker_fenced',
  'target_down',
  'target_up',
]);
export type EventType = z.infer<typeof eventTypeSchema>;

/** One event in the fleet's stream. Never holds a secret: `url` and `message` are redacted by whoever writes it. */
export const fleetEventSchema = z.object({
  event: eventTypeSchema,
  at: z.string().describe('RFC 3339, clock of the sender'),
  push: z.string().optional(),
  stream: z.string().optional(),
  worker: z.string().optional(),
  url: z.string().optional().describe('redacted'),
  peer: z.string().optional(),
  host: z.string().optional().describe('name and port of a target host, for target_down and target_up'),
  status: pushStatusSchema.optional(),
  cause: z.string().optional(),
  message: z.string().optional(),
  attempt: z.int().optional(),
  input: z.int().optional().describe('the input that feeds the stream now, 1 is the first'),
  failures_in_a_row: z.int().optional(),
  bytes: z.int().optional(),
  next_retry_at: z.string().nullable().optional(),
  by: z.string().optional(),
});
export type FleetEvent = z.infer<typeof fleetEventSchema>;
/** Length of the capped event stream. */
export const EVENTS_LENGTH = 20_000;
