// The one place where defaults are applied. Whatever crosses a border has none; whatever acts on a push has all of them.
import type { PushOptions, StreamSpec } from './options.ts';

/** Options of a push as they act: every one present, times in milliseconds. */
export interface ResolvedPushOptions {
  readonly retryTimeoutMs: number;
  /** Failed attempts in a row until the push gives up; null is endless. */
  readonly retryLimit: number | null;
  readonly disabled: boolean;
  /** How long the target is held after the source has stopped; null is as long as the target allows. */
  readonly timeoutMs: number | null;
  readonly connectTimeoutMs: number;
  readonly comment: string;
  readonly pool: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly hlsProfile: NonNullable<PushOptions['hls_profile']>;
  readonly hlsMethod: NonNullable<PushOptions['hls_method']>;
  /** Segments that have left the playlist are deleted at the target; undefined leaves it to the profile. */
  readonly hlsDelete: boolean | undefined;
  /** The values are secrets. */
  readonly headers: Readonly<Record<string, string>>;
  /** Empty takes it from the host. */
  readonly s3Region: string;
}

/** How a push is delivered, as the protocols take it: options of the push, and those of its stream that say how it is cut. */
export interface ResolvedDelivery
  extends Pick<ResolvedPushOptions, 'hlsProfile' | 'hlsMethod' | 'hlsDelete' | 'headers' | 's3Region'>,
    Pick<ResolvedStreamSettings, 'segmentDurationMs' | 'segmentCount'> {}

/** Settings of a stream as they act. */
export interface ResolvedStreamSettings {
  readonly inputs: readonly string[];
  readonly segmentCount: number;
  readonly segmentDurationMs: number;
  /** Silence of an input after which the next one is taken; undefined leaves it to the worker. */
  readonly sourceTimeoutMs: number | undefined;
  readonly password: string | undefined;
  readonly disabled: boolean;
  readonly title: string;
  readonly comment: string;
}

/** Defaults in the units of the wire, for documentation and forms. Null is endless or never. */
export const defaultPushOptions = {
  retry_timeout: 5,
  retry_limit: null,
  disabled: false,
  timeout: null,
  connect_timeout: 5,
  comment: '',
  pool: 'default',
  labels: {},
  hls_profile: 'auto',
  hls_method: 'put',
  hls_delete: null,
  headers: {},
  s3_region: '',
} as const satisfies Required<PushOptions>;

/** What Apple's authoring rules for HLS ask for: segments of 6 s, at least 6 of them in a live playlist. */
export const defaultStreamSettings = {
  segment_count: 6,
  segment_duration: 6,
  disabled: false,
  title: '',
  comment: '',
} as const;

export function resolvePushOptions(options: PushOptions): ResolvedPushOptions {
  const timeout = options.timeout ?? defaultPushOptions.timeout;
  return {
    retryTimeoutMs: milliseconds(options.retry_timeout ?? defaultPushOptions.retry_timeout),
    retryLimit: options.retry_limit ?? defaultPushOptions.retry_limit,
    disabled: options.disabled ?? defaultPushOptions.disabled,
    timeoutMs: timeout === null ? null : milliseconds(timeout),
    connectTimeoutMs: milliseconds(options.connect_timeout ?? defaultPushOptions.connect_timeout),
    comment: options.comment ?? defaultPushOptions.comment,
    pool: options.pool ?? defaultPushOptions.pool,
    labels: options.labels ?? defaultPushOptions.labels,
    hlsProfile: options.hls_profile ?? defaultPushOptions.hls_profile,
    hlsMethod: options.hls_method ?? defaultPushOptions.hls_method,
    hlsDelete: options.hls_delete ?? undefined,
    headers: options.headers ?? defaultPushOptions.headers,
    s3Region: options.s3_region ?? defaultPushOptions.s3_region,
  };
}

export function resolveDelivery(
  options: PushOptions,
  stream: Pick<StreamSpec, 'segment_count' | 'segment_duration'>,
): ResolvedDelivery {
  const { hlsProfile, hlsMethod, hlsDelete, headers, s3Region } = resolvePushOptions(options);
  const { segmentDurationMs, segmentCount } = resolveStreamSettings(stream);
  return { segmentDurationMs, segmentCount, hlsProfile, hlsMethod, hlsDelete, headers, s3Region };
}

export function resolveStreamSettings(spec: Partial<StreamSpec>): ResolvedStreamSettings {
  return {
    inputs: spec.inputs ?? [],
    segmentCount: spec.segment_count ?? defaultStreamSettings.segment_count,
    segmentDurationMs: milliseconds(spec.segment_duration ?? defaultStreamSettings.segment_duration),
    sourceTimeoutMs: spec.source_timeout === undefined ? undefined : milliseconds(spec.source_timeout),
    password: spec.password,
    disabled: spec.disabled ?? defaultStreamSettings.disabled,
    title: spec.title ?? defaultStreamSettings.title,
    comment: spec.comment ?? defaultStreamSettings.comment,
  };
}

const milliseconds = (seconds: number): number => Math.round(seconds * 1000);
