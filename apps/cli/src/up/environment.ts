/** The environment variables of a process. */
export type Variables = Record<string, string | undefined>;

/** What `up` has decided for its children. */
export interface FleetSettings {
  readonly redisUrl: string;
  /** A private Redis knows only our workers, so that plain names do. */
  readonly privateRedis: boolean;
  readonly configFile: string | undefined;
  readonly apiPort: string;
  readonly rtmpPort: string;
  readonly httpPort: string;
}

const LOOPBACK = '127.0.0.1';
const LOOPBACK_NETWORKS = ['127.0.0.0/8', '::1/128'];

export function schedulerEnvironment(env: Readonly<Variables>, settings: FleetSettings): Variables {
  return { ...common(env, settings), PUSHFLEET_CONFIG: settings.configFile, PUSHFLEET_PORT: settings.apiPort };
}

/** For a single worker; several share the ports and are numbered. */
export function workerEnvironment(env: Readonly<Variables>, settings: FleetSettings): Variables {
  return {
    ...common(env, settings),
    PUSHFLEET_BIND: env.PUSHFLEET_BIND || LOOPBACK,
    PUSHFLEET_ADVERTISE: env.PUSHFLEET_ADVERTISE || LOOPBACK,
    PUSHFLEET_RTMP_PORT: settings.rtmpPort,
    PUSHFLEET_HTTP_PORT: settings.httpPort,
    PUSHFLEET_WORKER_ID: env.PUSHFLEET_WORKER_ID || (settings.privateRedis ? 'worker-1' : undefined),
  };
}

/** The user's own environment, and loopback targets allowed. */
function common(env: Readonly<Variables>, { redisUrl }: FleetSettings): Variables {
  const allowed = [env.PUSHFLEET_ALLOW_TARGETS, ...LOOPBACK_NETWORKS].filter(Boolean);
  return { ...env, REDIS_URL: redisUrl, PUSHFLEET_ALLOW_TARGETS: allowed.join(',') };
}
