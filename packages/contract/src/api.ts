import { z } from 'zod';
import { fullCauses } from './fleet.ts';
import { effectiveOptionSchema, mediaInfoSchema } from './media.ts';
import { journalEntrySchema, lastErrorSchema, pushStatusSchema } from './status.ts';

/** The JSON of the API, version 1: snake_case, times RFC 3339, numbers with their unit in the name. */
export const pushViewSchema = z
  .object({
    id: z.string(),
    stream: z.string(),
    url: z.string().describe('redacted'),
    protocol: z.string(),
    desired: z.enum(['enabled', 'disabled']),
    status: pushStatusSchema,
    reason: z.string().describe('why, in words for people; empty when the status says it all'),
    origin: z.enum(['file', 'api', 'intake']),
    revision: z.int(),
    paused: z.object({ by: z.string(), at: z.string() }).nullable(),
    retry_timeout: z.number().describe('seconds between attempts'),
    retry_limit: z.int().nullable().describe('failed attempts in a row; null is endless'),
    disabled: z.boolean().describe('the option as configured; `desired` tells what holds'),
    timeout: z.number().nullable().describe('seconds'),
    connect_timeout: z.number().describe('seconds'),
    comment: z.string(),
    pool: z.string(),
    labels: z.record(z.string(), z.string()),
    hls_profile: z.string(),
    hls_method: z.string(),
    hls_delete: z.boolean().nullable().describe('null is as the profile has it'),
    headers: z.record(z.string(), z.string()).describe('values redacted'),
    s3_region: z.string().describe('empty takes it from the host'),
    worker: z.string().nullable(),
    attempt: z.int(),
    failures_in_a_row: z.int(),
    retries_total: z.int(),
    opened_at: z.string().nullable(),
    connected_at: z.string().nullable(),
    bytes: z.int().describe('this session'),
    bytes_total: z.int(),
    bitrate_bps: z.int(),
    frames: z.int(),
    dropped_frames: z.int(),
    lag_ms: z.int(),
    queue_bytes: z.int(),
    peer: z.string(),
    last_error: lastErrorSchema.nullable(),
    next_retry_at: z.string().nullable(),
    errors: z.record(z.string(), z.int()).describe('failed attempts per cause'),
    created_at: z.string(),
  })
  .meta({ id: 'Push' });
export type PushView = z.infer<typeof pushViewSchema>;

/** `GET /api/v1/pushes/{id}`. */
export const pushDetailSchema = pushViewSchema
  .extend({
    config: z.object({
      line: z.string().describe('the push as config text, secrets masked'),
      place: z
        .object({ file: z.string(), line: z.int() })
        .nullable()
        .describe('where the config file has it; null for pushes of others'),
      options: z.array(effectiveOptionSchema).describe('all of them, the defaults included'),
    }),
    job: z.object({ queue: z.string(), id: z.string() }).describe('in Bull Board: /queues/queue/{queue}/{id}'),
  })
  .meta({ id: 'PushDetail' });
export type PushDetail = z.infer<typeof pushDetailSchema>;

export const streamViewSchema = z
  .object({
    name: z.string(),
    title: z.string(),
    inputs: z.array(z.string()).describe('redacted'),
    disabled: z.boolean(),
    origin: z.enum(['file', 'api', 'intake']),
    revision: z.int(),
    status: z.enum(['running', 'waiting', 'disabled']),
    source: z
      .object({ worker: z.string(), publisher: z.string(), since: z.string() })
      .nullable()
      .describe('who takes the stream in, when it is published to the fleet'),
    segment_count: z.int().nullable(),
    segment_duration: z.number().nullable().describe('seconds'),
    source_timeout: z.number().nullable().describe('seconds; null is as the worker has it'),
    has_password: z.boolean(),
    comment: z.string(),
    pushes: z.array(pushViewSchema),
    created_at: z.string(),
  })
  .meta({ id: 'Stream' });
export type StreamView = z.infer<typeof streamViewSchema>;

/** `GET /api/v1/streams/{name}`. */
export const streamDetailSchema = streamViewSchema
  .extend({ media: mediaInfoSchema.nullable().describe('null while no worker has the stream') })
  .meta({ id: 'StreamDetail' });
export type StreamDetail = z.infer<typeof streamDetailSchema>;

export const workerViewSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    pool: z.string(),
    state: z
      .enum(['ready', 'draining', 'drained', 'lost'])
      .describe('drained: it holds no push and takes no stream in, and takes none until somebody undrains it'),
    drain: z.object({ by: z.string(), at: z.string() }).nullable().describe('who wants it to hold nothing'),
    capacity: z.int(),
    held: z.int(),
    full: z.string().describe('why it takes no more pushes, in words for people; empty while it takes them'),
    full_cause: z.enum(fullCauses).nullable().describe('null while it takes pushes'),
    labels: z.record(z.string(), z.string()),
    publications: z.int().describe('streams that are published to it'),
    rtmp: z.string(),
    http: z.string(),
    version: z.string(),
    started_at: z.string(),
    egress_bps: z.int(),
    cpu_percent: z.number().describe('of one core, over the last seconds'),
    event_loop_delay_ms: z.number().describe('98th percentile of the last seconds'),
    beat_age_ms: z.int(),
  })
  .meta({ id: 'Worker' });
export type WorkerView = z.infer<typeof workerViewSchema>;

export const attemptsViewSchema = z.object({ attempts: z.array(journalEntrySchema) }).meta({ id: 'Attempts' });

/** RFC 9457 problem details. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string().optional(),
    instance: z.string().optional(),
    errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof problemSchema>;
