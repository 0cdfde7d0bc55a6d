import type { PushPatch, PushSpec } from '@pushfleet/config';
import type { PushView } from '@pushfleet/contract';

/** What the form holds: text as it is typed, '' for "as by default". */
export interface PushFormValues {
  readonly url: string;
  readonly enabled: boolean;
  /** Seconds. */
  readonly retry_timeout: number | '';
  readonly retry_limit: number | '';
  /** Seconds. */
  readonly timeout: number | '';
  /** Seconds. */
  readonly connect_timeout: number | '';
  readonly comment: string;
  readonly pool: string;
  /** `name=value`, one a line. */
  readonly labels: string;
  readonly hls_profile: HlsProfile;
  readonly hls_method: HlsMethod;
  readonly hls_delete: 'auto' | 'yes' | 'no';
  readonly s3_region: string;
  /** `Name: value`, one a line. */
  readonly headers: string;
}

type HlsProfile = NonNullable<PushSpec['hls_profile']>;
type HlsMethod = NonNullable<PushSpec['hls_method']>;
type FormField = keyof PushFormValues;

export const emptyPushForm: PushFormValues = {
  url: '',
  enabled: true,
  retry_timeout: '',
  retry_limit: '',
  timeout: '',
  connect_timeout: '',
  comment: '',
  pool: '',
  labels: '',
  hls_profile: 'auto',
  hls_method: 'put',
  hls_delete: 'auto',
  s3_region: '',
  headers: '',
};

/** The form of a push that exists. URL and header values are secrets and stay empty: empty means unchanged. */
export function pushFormOf(push: PushView): PushFormValues {
  return {
    url: '',
    enabled: push.desired === 'enabled',
    retry_timeout: push.retry_timeout,
    retry_limit: push.retry_limit ?? '',
    timeout: push.timeout ?? '',
    connect_timeout: push.connect_timeout,
    comment: push.comment,
    pool: push.pool,
    labels: Object.entries(push.labels)
      .map(([name, value]) => `${name}=${value}`)
      .join('\n'),
    hls_profile: push.hls_profile as HlsProfile,
    hls_method: push.hls_method as HlsMethod,
    hls_delete: push.hls_delete === null ? 'auto' : push.hls_delete ? 'yes' : 'no',
    s3_region: push.s3_region,
    headers: '',
  };
}

/** What the form says of a new push; what was left alone is not named, so that defaults stay defaults. */
export function specOf(values: PushFormValues): PushSpec {
  const patch = patchOf(emptyPushForm, values);
  const given = Object.entries(patch).filter(([, value]) => value !== null);
  return { ...(Object.fromEntries(given) as Omit<PushSpec, 'url'>), url: values.url.trim() };
}

/** The difference as a merge patch: null takes an option back to its default. */
export function patchOf(before: PushFormValues, after: PushFormValues): PushPatch {
  const patch: Record<string, unknown> = {};
  for (const field of Object.keys(after) as FormField[]) {
    if (after[field] === before[field] || field === 'labels') continue;
    const [name, value] = wireValue(field, after);
    patch[name] = value;
  }
  if (after.url.trim() === '') delete patch.url;
  if (after.headers.trim() === '') delete patch.headers;
  if (after.labels !== before.labels) {
    const labels = pairsOf(after.labels, '=');
    // A merge patch removes what it names with null; a label that is not named would stay.
    const gone = Object.keys(pairsOf(before.labels, '=')).filter((name) => !(name in labels));
    patch.labels = { ...labels, ...Object.fromEntries(gone.map((name) => [name, null])) };
  }
  return patch;
}

function wireValue(field: FormField, values: PushFormValues): readonly [string, unknown] {
  if (field === 'enabled') return ['disabled', !values.enabled];
  if (field === 'hls_delete') return ['hls_delete', values.hls_delete === 'auto' ? null : values.hls_delete === 'yes'];
  if (field === 'headers') return ['headers', pairsOf(values.headers, ':')];
  const value = values[field];
  const text = typeof value === 'string' ? value.trim() : value;
  return [field, text === '' ? null : text];
}

/** Lines of `name SEPARATOR value`. A line without the separator is a name without a value: the API says what is wrong with it. */
function pairsOf(text: string, separator: '=' | ':'): Record<string, string> {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf(separator);
      return at < 0 ? [line.trim(), ''] : [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    }),
  );
}
