// The table of all environment variables: what the processes read, what the documentation prints.
import { hostname } from 'node:os';
import { type Cidr, loopbackBlocks } from '../cidr.ts';
import type { Secret } from '../secret.ts';
import {
  cidrList,
  host,
  httpUrl,
  integer,
  integerOrOff,
  labels,
  oneOf,
  port,
  portOrOff,
  redisUrl,
  seconds,
  secret,
  text,
  type ValueKind,
} from './values.ts';

/** `up` is scheduler and worker in one; `client` is the command line. */
export type Role = 'scheduler' | 'worker' | 'up' | 'client';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** The environment of one process. Values that its role does not use hold their defaults. */
export interface Environment {
  readonly role: Role;
  /** Undefined only for `up`, which then starts a private Redis, and for `client`. */
  readonly redisUrl: Secret | undefined;
  readonly configFile: string | undefined;
  readonly host: string;
  /** 0 is any free port. */
  readonly port: number;
  readonly token: Secret | undefined;
  readonly workerId: string;
  readonly pool: string;
  /** Pushes that the worker holds at most. */
  readonly capacity: number;
  /** Load above which the worker takes no more pushes. */
  readonly maxCpuPercent: number | 'off';
  readonly maxLoopDelayMs: number | 'off';
  readonly maxEgressMbps: number | undefined;
  /** Pushes per minute that the worker hands over to those with more room. */
  readonly rebalance: number | 'off';
  readonly labels: Readonly<Record<string, string>>;
  readonly rtmpPort: number | 'off';
  readonly httpPort: number | 'off';
  /** First of the ports that the processes of one host have of their own. */
  readonly processPorts: number;
  readonly bind: string;
  readonly advertise: string;
  readonly clusterKey: Secret | undefined;
  readonly sourceTimeoutMs: number;
  /** Pictures of a stream that leave together. */
  readonly flushFrames: number;
  /** A second, in the whole fleet. */
  readonly connectsPerHost: number | 'off';
  readonly allowTargets: readonly Cidr[];
  readonly denyTargets: readonly Cidr[];
  readonly prefix: string;
  /** Base URL of the API, without a slash at its end. */
  readonly url: string;
  readonly logLevel: LogLevel;
}

export interface Variable<T> {
  readonly name: string;
  readonly unit?: string;
  /** The default in words. */
  readonly default: string;
  readonly doc: string;
  /** Who reads it; others pass it over. */
  readonly roles: readonly Role[];
  /** Who cannot do without it. */
  readonly required?: readonly Role[];
  /** The value must not be shown. */
  readonly isSecret?: boolean;
  readonly kind: ValueKind<NonNullable<T>>;
  fallback(role: Role): T;
  /** What the role makes of the value that was given. */
  adapt?(value: NonNullable<T>, role: Role): T;
}

const none = (): undefined => undefined;
const schedulers: readonly Role[] = ['scheduler', 'up'];
const workers: readonly Role[] = ['worker', 'up'];
const fleet: readonly Role[] = ['scheduler', 'worker', 'up'];

export const variables: { readonly [Key in Exclude<keyof Environment, 'role'>]: Variable<Environment[Key]> } = {
  redisUrl: {
    name: 'REDIS_URL',
    default: 'none; `up` starts a private Redis',
    doc: 'Redis that schedulers and workers share.',
    roles: fleet,
    required: ['scheduler', 'worker'],
    isSecret: true,
    kind: redisUrl,
    fallback: none,
  },
  configFile: {
    name: 'PUSHFLEET_CONFIG',
    default: 'none',
    doc: 'Config file with streams and pushes.',
    roles: schedulers,
    kind: text('the path of a file', /^[^\0]{1,4096}$/),
    fallback: none,
  },
  host: {
    name: 'PUSHFLEET_HOST',
    default: '127.0.0.1',
    doc: 'Address that API and dashboard listen on. Outside of loopback PUSHFLEET_TOKEN must be set.',
    roles: schedulers,
    kind: host,
    fallback: () => '127.0.0.1',
  },
  port: {
    name: 'PUSHFLEET_PORT',
    default: '8080',
    doc: 'Port of API and dashboard; 0 is any free one.',
    roles: schedulers,
    kind: port,
    fallback: () => 8080,
  },
  token: {
    name: 'PUSHFLEET_TOKEN',
    default: 'none',
    doc: 'Bearer token with admin rights; the command line sends it.',
    roles: ['scheduler', 'up', 'client'],
    isSecret: true,
    kind: secret,
    fallback: none,
  },
  workerId: {
    name: 'PUSHFLEET_WORKER_ID',
    default: 'host name and process id',
    doc: 'Name of the worker, unique in the fleet.',
    roles: workers,
    kind: text('1 to 64 letters, digits, ".", "-" or "_"', /^[A-Za-z0-9._-]{1,64}$/),
    fallback: () =>
      `${hostname()
        .replace(/[^A-Za-z0-9._-]/g, '-')
        .slice(0, 48)}-${process.pid}`,
  },
  pool: {
    name: 'PUSHFLEET_POOL',
    default: 'default',
    doc: 'Pool whose pushes the worker takes.',
    roles: workers,
    kind: text('1 to 32 lower-case letters, digits or "-"', /^[a-z0-9-]{1,32}$/),
    fallback: () => 'default',
  },
  capacity: {
    name: 'PUSHFLEET_CAPACITY',
    unit: 'pushes',
    default: '1000',
    doc: 'Pushes that the worker holds at most.',
    roles: workers,
    kind: integer(1, 100_000),
    fallback: () => 1000,
  },
  maxCpuPercent: {
    name: 'PUSHFLEET_MAX_CPU',
    unit: '%',
    default: '90',
    doc: 'CPU of the process, in percent of one core, above which the worker takes no more pushes; off is no limit.',
    roles: workers,
    kind: integerOrOff(1, 1600),
    fallback: () => 90,
  },
  maxLoopDelayMs: {
    name: 'PUSHFLEET_MAX_LOOP_DELAY',
    unit: 'ms',
    default: '200',
    doc: 'Delay of the event loop (98th percentile) above which the worker takes no more pushes; off is no limit.',
    roles: workers,
    kind: integerOrOff(10, 10_000),
    fallback: () => 200,
  },
  maxEgressMbps: {
    name: 'PUSHFLEET_MAX_EGRESS_MBPS',
    unit: 'Mb/s',
    default: 'none',
    doc: 'What the worker may send to targets: it takes no push that would need more.',
    roles: workers,
    kind: integer(1, 1_000_000),
    fallback: none,
  },
  rebalance: {
    name: 'PUSHFLEET_REBALANCE',
    unit: 'pushes per minute',
    default: 'off',
    doc: 'Pace at which a worker with clearly more than its share hands pushes to those with room.',
    roles: workers,
    kind: integerOrOff(1, 60),
    fallback: () => 'off',
  },
  labels: {
    name: 'PUSHFLEET_LABELS',
    default: 'none',
    doc: 'What people want to know of the worker, such as region=eu,rack=1.',
    roles: workers,
    kind: labels,
    fallback: () => ({}),
  },
  rtmpPort: {
    name: 'PUSHFLEET_RTMP_PORT',
    default: '1935',
    doc: 'Port for RTMP ingest and play; 0 is any free one, off is none.',
    roles: workers,
    kind: portOrOff,
    fallback: () => 1935,
  },
  httpPort: {
    name: 'PUSHFLEET_HTTP_PORT',
    default: '8081',
    doc: 'Port for HTTP ingest, /health and /metrics; 0 is any free one, off is none.',
    roles: workers,
    kind: portOrOff,
    fallback: () => 8081,
  },
  processPorts: {
    name: 'PUSHFLEET_PROCESS_PORTS',
    default: '19350; any free ones with `up`',
    doc: 'With several processes: first of the ports where other workers reach one of them, an RTMP and an HTTP port each; 0 is any free ones.',
    roles: workers,
    kind: port,
    fallback: (role) => (role === 'up' ? 0 : 19_350),
  },
  bind: {
    name: 'PUSHFLEET_BIND',
    default: '0.0.0.0; 127.0.0.1 with `up`',
    doc: 'Address that the RTMP and HTTP ports of the worker listen on.',
    roles: workers,
    kind: host,
    fallback: (role) => (role === 'up' ? '127.0.0.1' : '0.0.0.0'),
  },
  advertise: {
    name: 'PUSHFLEET_ADVERTISE',
    default: 'host name; 127.0.0.1 with `up`',
    doc: 'Address at which other workers reach this one.',
    roles: workers,
    kind: host,
    fallback: (role) => (role === 'up' ? '127.0.0.1' : hostname()),
  },
  clusterKey: {
    name: 'PUSHFLEET_CLUSTER_KEY',
    default: 'none',
    doc: 'Key that workers show one another when they pull streams.',
    roles: workers,
    isSecret: true,
    kind: secret,
    fallback: none,
  },
  sourceTimeoutMs: {
    name: 'PUSHFLEET_SOURCE_TIMEOUT',
    unit: 's',
    default: '10',
    doc: 'Silence of an input after which the next one is taken, for streams without source_timeout.',
    roles: workers,
    kind: seconds(0.1, 3600),
    fallback: () => 10_000,
  },
  flushFrames: {
    name: 'PUSHFLEET_FLUSH_FRAMES',
    unit: 'pictures',
    default: '1',
    doc: 'Pictures of a stream that leave together: each one beyond the first saves writes and costs the time of a picture in latency.',
    roles: workers,
    kind: integer(1, 25),
    fallback: () => 1,
  },
  connectsPerHost: {
    name: 'PUSHFLEET_CONNECTS_PER_HOST',
    unit: '1/s',
    default: '200',
    doc: 'Connects a second that one target host gets from the whole fleet; five times as many at once after a quiet time. off is without limit.',
    roles: workers,
    kind: integerOrOff(1, 100_000),
    fallback: () => 200,
  },
  allowTargets: {
    name: 'PUSHFLEET_ALLOW_TARGETS',
    default: 'none; loopback with `up`',
    doc: 'Addresses beyond the public ones that pushes from API, queue and redirects may reach.',
    roles: fleet,
    kind: cidrList,
    fallback: (role) => (role === 'up' ? loopbackBlocks : []),
    adapt: (blocks, role) => (role === 'up' ? [...loopbackBlocks, ...blocks] : blocks),
  },
  denyTargets: {
    name: 'PUSHFLEET_DENY_TARGETS',
    default: 'none',
    doc: 'Addresses that no push may reach.',
    roles: fleet,
    kind: cidrList,
    fallback: () => [],
  },
  prefix: {
    name: 'PUSHFLEET_PREFIX',
    default: 'pushfleet',
    doc: 'Prefix of all Redis keys, used as a cluster hash tag.',
    roles: fleet,
    kind: text('1 to 64 letters, digits, ".", "-" or "_"', /^[A-Za-z0-9._-]{1,64}$/),
    fallback: () => 'pushfleet',
  },
  url: {
    name: 'PUSHFLEET_URL',
    default: 'http://127.0.0.1:8080',
    doc: 'API that the command line talks to.',
    roles: ['client'],
    kind: httpUrl,
    fallback: () => 'http://127.0.0.1:8080',
  },
  logLevel: {
    name: 'LOG_LEVEL',
    default: 'info',
    doc: `How much is logged: ${logLevels.join(', ')}.`,
    roles: [...fleet, 'client'],
    kind: oneOf(...logLevels),
    fallback: () => 'info',
  },
};
