import type { StreamPatch } from '@pushfleet/config';
import type { StreamRow } from '@pushfleet/contract/live';

/** What the form of a stream holds: text as it is typed, '' for "as by default". */
export interface StreamFormValues {
  /** One a line, the first one is taken first. */
  readonly inputs: string;
  readonly enabled: boolean;
  /** Seconds. */
  readonly source_timeout: number | '';
  /** Seconds. */
  readonly segment_duration: number | '';
  readonly segment_count: number | '';
  readonly title: string;
  readonly comment: string;
  /** A new one. */
  readonly password: string;
  readonly removesPassword: boolean;
}

/** Inputs are as they are shown; the password is a secret and stays empty: empty means unchanged. */
export function streamFormOf(stream: StreamRow): StreamFormValues {
  return {
    inputs: stream.inputs.join('\n'),
    enabled: !stream.disabled,
    source_timeout: stream.source_timeout ?? '',
    segment_duration: stream.segment_duration ?? '',
    segment_count: stream.segment_count ?? '',
    title: stream.title,
    comment: stream.comment,
    password: '',
    removesPassword: false,
  };
}

const optionFields = ['source_timeout', 'segment_duration', 'segment_count', 'title', 'comment'] as const;

/** The difference as a merge patch: null takes an option back to its default. */
export function streamPatchOf(before: StreamFormValues, after: StreamFormValues): StreamPatch {
  const patch: Record<string, unknown> = {};
  for (const field of optionFields) {
    const value = after[field];
    const given = typeof value === 'string' ? value.trim() : value;
    if (given !== before[field]) patch[field] = given === '' ? null : given;
  }
  if (after.inputs !== before.inputs) patch.inputs = linesOf(after.inputs);
  if (after.enabled !== before.enabled) patch.disabled = !after.enabled;
  if (after.removesPassword) patch.password = null;
  else if (after.password !== '') patch.password = after.password;
  return patch;
}

const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
