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

/** `index`: 0 for the worker that takes the well-known ports. */
export function workerEnvironment(
  env: Readonly<Variables>,
  settings: FleetSettings,
  index: number,
  workers: number,
): Variables {
  const local = {
    ...common(env, settings),
    PUSHFLEET_BIND: env.PUSHFLEET_BIND || LOOPBACK,
    PUSHFLEET_ADVERTISE: env.PUSHFLEET_ADVERTISE || LOOPBACK,
    PUSHFLEET_RTMP_PORT: settings.rtmpPort,
    PUSHFLEET_HTTP_PORT: settings.httpPort,
  };
  return oneOfWorkers(local, index, workers, settings.privateRedis ? 'worker' : undefined);
}

/**
 * Environment of one of several workers of this host: one name and one port cannot serve them all. The first takes the ports, the others
 * any free ones. Names follow PUSHFLEET_WORKER_ID or `name`; without either each worker makes its own.
 */
export function oneOfWorkers(env: Readonly<Variables>, index: number, workers: number, name?: string): Variables {
  const port = (value: string | undefined): string | undefined => (index === 0 || value === 'off' ? value : '0');
  const given = env.PUSHFLEET_WORKER_ID;
  const numbered = given || name ? `${given || name}-${index + 1}` : undefined;
  return {
    ...env,
    PUSHFLEET_WORKER_ID: given && workers === 1 ? given : numbered,
    PUSHFLEET_RTMP_PORT: port(env.PUSHFLEET_RTMP_PORT),
    PUSHFLEET_HTTP_PORT: port(env.PUSHFLEET_HTTP_PORT),
  };
}

/** The user's own environment, and loopback targets allowed. */
function common(env: Readonly<Variables>, { redisUrl }: FleetSettings): Variables {
  const allowed = [env.PUSHFLEET_ALLOW_TARGETS, ...LOOPBACK_NETWORKS].filter(Boolean);
  return { ...env, REDIS_URL: redisUrl, PUSHFLEET_ALLOW_TARGETS: allowed.join(',') };
}
