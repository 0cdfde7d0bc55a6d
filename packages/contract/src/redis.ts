import { parseRedisUrl, REDIS_URL_FORMS, type RedisAddress, type SentinelRedis } from '@pushfleet/config';
import { Cluster, Redis, type RedisOptions } from 'ioredis';

/** Replies keep the form that BullMQ expects. */
type Options = Omit<RedisOptions, 'replyMapping'>;

const retryStrategy = (attempt: number): number => Math.min(50 * 2 ** attempt, 500);

/** Reconnects fast: BullMQ's own default would stay away for up to 20 s after Redis is back. */
const defaults: Options = {
  maxRetriesPerRequest: null,
  retryStrategy,
  connectTimeout: 2_000,
};

/** So long a server may take to close a connection that we have ended. */
const LEAVE_MS = 300;

/** A command that meets a node which has failed is tried again so often, until the cluster has found another one. */
const CLUSTER_RETRY_MS = 100;
/** A node that vanishes without a word is missed by then: the others name its successor. */
const CLUSTER_LOOK_MS = 2_000;

/**
 * A connection for commands that may wait while Redis is away (workers, queues, subscribers). The caller owns it, and hears of trouble
 * through `onError`; ioredis would end the process for an error event without listener.
 *
 * `url` has any of `REDIS_URL_FORMS`. What stands for a Redis Cluster is a connection to each of its nodes, but offers the same commands:
 * all keys of the fleet are in one slot. Only commands without a key may end at any node; `everyNode` is for those.
 */
export function connectRedis(url: string, onError: (error: Error) => void, overrides: Options = {}): Redis {
  const address = parseRedisUrl(url);
  if (address === undefined) throw new TypeError(`the address of Redis must be ${REDIS_URL_FORMS}`);
  const redis = open(address, { ...defaults, ...overrides });
  redis.on('error', onError);
  return redis;
}

/** The servers behind a connection that take writes: of a cluster every master, else the one. */
export function everyNode(redis: Redis): Redis[] {
  const connection: unknown = redis;
  return connection instanceof Cluster ? connection.nodes('master') : [redis];
}

function open(address: RedisAddress, options: Options): Redis {
  switch (address.shape) {
    case 'single':
      return new Redis(address.url, { ...options, reconnectOnError: isDemoted(options) });
    case 'sentinel':
      return kept(
        new Redis({ ...options, ...sentinelOptions(address), reconnectOnError: isDemoted(options) }),
        options,
      );
    case 'cluster': {
      const { retryStrategy: _ofTheWhole, enableOfflineQueue = true, ...ofNodes } = options;
      const { tls, username, password } = address;
      const cluster = new Cluster([...address.nodes], {
        clusterRetryStrategy: retryStrategy,
        enableOfflineQueue,
        redisOptions: { ...ofNodes, ...login(username, password), ...(tls && { tls: {} }) },
        // A certificate is for a name and not for the address behind it.
        ...(tls && { dnsLookup: (host, found) => found(null, host) }),
        slotsRefreshTimeout: defaults.connectTimeout!,
        slotsRefreshInterval: CLUSTER_LOOK_MS,
        retryDelayOnFailover: CLUSTER_RETRY_MS,
        retryDelayOnClusterDown: CLUSTER_RETRY_MS,
        retryDelayOnTryAgain: CLUSTER_RETRY_MS,
        retryDelayOnMoved: CLUSTER_RETRY_MS / 5,
        maxRedirections: patienceOf(options),
      });
      return cluster as unknown as Redis;
    }
  }
}

/**
 * ioredis ends a connection for good when a sentinel tells of a failover at the moment when the others are asked for the master. Unless its owner has
 * ended it, or wants no other one, it is opened again. No option does that: `retryStrategy` and `sentinelRetryStrategy` are not asked then, and the
 * event `end` does not tell whose wish it was, so that is heard where an owner says it. A `duplicate()` is not kept: BullMQ, which makes one to wait for
 * jobs, opens it again by itself.
 */
function kept(redis: Redis, { retryStrategy: after }: Options): Redis {
  let isWanted = true;
  const { disconnect, quit } = redis;
  redis.disconnect = (reconnect = false) => {
    isWanted &&= reconnect;
    disconnect.call(redis, reconnect);
  };
  redis.quit = (...args: []) => {
    isWanted = false;
    return quit.apply(redis, args);
  };
  redis.on('end', () => {
    const delayMs = isWanted ? after?.(1) : undefined;
    if (typeof delayMs === 'number') setTimeout(() => isWanted && redis.connect().catch(() => {}), delayMs);
  });
  return redis;
}

/** A command is not tried any more when its caller has been told that it failed. */
function patienceOf({ commandTimeout }: Options): number {
  return commandTimeout === undefined ? Number.MAX_SAFE_INTEGER : Math.ceil(commandTimeout / CLUSTER_RETRY_MS);
}

function sentinelOptions(address: SentinelRedis): Options {
  const { tls, sentinelUsername, sentinelPassword } = address;
  return {
    sentinels: [...address.sentinels],
    name: address.master,
    role: 'master',
    db: address.database,
    ...login(address.username, address.password),
    ...(sentinelUsername !== undefined && { sentinelUsername }),
    ...(sentinelPassword !== undefined && { sentinelPassword }),
    ...(tls && { tls: {}, sentinelTLS: {}, enableTLSForSentinelMode: true }),
    sentinelRetryStrategy: retryStrategy,
    sentinelCommandTimeout: defaults.connectTimeout!,
    // A master that vanished without a word is left as soon as the sentinels have chosen another one, and not asked for its goodbye.
    failoverDetector: true,
    disconnectTimeout: LEAVE_MS,
  };
}

/**
 * A server that takes no writes any more has become a replica: its address, asked for again, leads to the new master. The command goes
 * there too, unless its caller wants to hear of every failure.
 */
function isDemoted({ autoResendUnfulfilledCommands }: Options): (error: Error) => false | 1 | 2 {
  return (error) => (/^READONLY\b/.test(error.message) ? (autoResendUnfulfilledCommands === false ? 1 : 2) : false);
}

function login(username: string | undefined, password: string | undefined): Options {
  return { ...(username !== undefined && { username }), ...(password !== undefined && { password }) };
}
