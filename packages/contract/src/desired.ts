import type { PushOptions, StreamSpec } from '@pushfleet/config';

/** Who owns an object: the config file, the API, or another service through the intake queue. */
export type Origin = 'file' | 'api' | 'intake';

/** A pause or resume by a person; wins over the `disabled` option and survives reloads and restarts. */
export interface PauseOverride {
  readonly disabled: boolean;
  /** Who: name of the API key, `api`, or `intake`. */
  readonly by: string;
  /** RFC 3339. */
  readonly at: string;
}

/** A final error: the push rests until its revision changes. */
export interface RestingError {
  readonly code: string;
  readonly message: string;
  readonly at: string;
  /** The revision that ended in this error. */
  readonly revision: number;
}

/** What a person wants of one push. Holds the secret URL and header values: lives in Redis and in memory only. */
export interface DesiredPush {
  readonly id: string;
  readonly stream: string;
  readonly url: string;
  /** As given, without defaults. */
  readonly options: PushOptions;
  readonly origin: Origin;
  readonly override: PauseOverride | null;
  /** Counts the restarts that people asked for; a holder that sees another number reconnects. */
  readonly restarts: number;
  readonly error: RestingError | null;
  /** Deleted by its owner; kept until no job is left. */
  readonly removed: boolean;
  readonly revision: number;
  readonly createdAt: string;
}

/** What a person wants of one stream, its pushes left out: they are objects of their own. */
export interface DesiredStream {
  readonly name: string;
  readonly spec: Omit<StreamSpec, 'pushes' | 'name'>;
  readonly origin: Origin;
  readonly removed: boolean;
  readonly revision: number;
  readonly createdAt: string;
}

/** Is the push meant to run? Its own pause or option, and its stream's `disabled`, decide. */
export function isEnabled(push: DesiredPush, stream: DesiredStream | undefined): boolean {
  if (push.removed || stream === undefined || stream.removed || stream.spec.disabled === true) return false;
  return !(push.override?.disabled ?? push.options.disabled ?? false);
}

/** The Redis hash of a push: scalars as fields, structures as JSON, so that a person can read it with redis-cli. */
export function serializePush(push: DesiredPush): Record<string, string> {
  return {
    id: push.id,
    stream: push.stream,
    url: push.url,
    options: JSON.stringify(push.options),
    origin: push.origin,
    override: push.override === null ? '' : JSON.stringify(push.override),
    restarts: String(push.restarts),
    error: push.error === null ? '' : JSON.stringify(push.error),
    removed: push.removed ? '1' : '',
    revision: String(push.revision),
    created_at: push.createdAt,
  };
}

/** Undefined when the hash does not exist. The fields were written by `serializePush`: no second validation. */
export function parsePush(hash: Record<string, string>): DesiredPush | undefined {
  if (hash.id === undefined) return undefined;
  return {
    id: hash.id,
    stream: hash.stream ?? '',
    url: hash.url ?? '',
    options: JSON.parse(hash.options || '{}'),
    origin: (hash.origin ?? 'api') as Origin,
    override: hash.override ? JSON.parse(hash.override) : null,
    restarts: Number(hash.restarts ?? 0),
    error: hash.error ? JSON.parse(hash.error) : null,
    removed: hash.removed === '1',
    revision: Number(hash.revision ?? 0),
    createdAt: hash.created_at ?? '',
  };
}

export function serializeStream(stream: DesiredStream): Record<string, string> {
  return {
    name: stream.name,
    spec: JSON.stringify(stream.spec),
    origin: stream.origin,
    removed: stream.removed ? '1' : '',
    revision: String(stream.revision),
    created_at: stream.createdAt,
  };
}

/** Undefined when the hash does not exist. */
export function parseStream(hash: Record<string, string>): DesiredStream | undefined {
  if (hash.name === undefined) return undefined;
  return {
    name: hash.name,
    spec: JSON.parse(hash.spec || '{}'),
    origin: (hash.origin ?? 'api') as Origin,
    removed: hash.removed === '1',
    revision: Number(hash.revision ?? 0),
    createdAt: hash.created_at ?? '',
  };
}
