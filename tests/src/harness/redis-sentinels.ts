import type { Redis } from 'ioredis';
import { freePort } from './ports.ts';
import { fieldsOf, REDIS_PASSWORD, type RedisServer, startRedisServer, untilItSays } from './redis-server.ts';
import { until } from './until.ts';

const MASTER_NAME = 'mymaster';
const SENTINEL_PASSWORD = 'sentinel-test';
const SENTINELS = 3;
const QUORUM = 2;
/**
 * A master that does not answer for so long is down. Longer than a sentinel on a busy machine needs to reach one that has just been chosen: else it has
 * the next one chosen, and for a while there are two.
 */
const DOWN_AFTER_MS = 3_000;

/** A master with its replicas, and the sentinels that choose another master when it fails. Servers and sentinels ask for passwords that differ. */
export class RedisSentinels {
  readonly servers: readonly RedisServer[];
  readonly #sentinels: readonly RedisServer[];

  constructor(servers: readonly RedisServer[], sentinels: readonly RedisServer[]) {
    this.servers = servers;
    this.#sentinels = sentinels;
  }

  /** As for REDIS_URL. */
  get url(): string {
    const hosts = this.#sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',');
    return `redis+sentinel://:${REDIS_PASSWORD}@${hosts}/${MASTER_NAME}?sentinel_password=${SENTINEL_PASSWORD}`;
  }

  /** The server that the sentinels call the master now. */
  async master(): Promise<RedisServer> {
    const sentinel = this.#sentinels[0]!.connect(SENTINEL_PASSWORD);
    try {
      const [, port] = (await sentinel.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', MASTER_NAME)) as [string, string];
      return this.servers.find((server) => server.port === Number(port))!;
    } finally {
      sentinel.disconnect();
    }
  }

  /** Resolves with the new master once the sentinels have left this one. */
  masterAfter(old: RedisServer): Promise<RedisServer> {
    return until(
      async () => {
        const master = await this.master();
        return master === old ? undefined : master;
      },
      { what: 'the sentinels to choose another master', everyMs: 20 },
    );
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#sentinels, ...this.servers].map((server) => server.stop()));
  }
}

export async function startRedisSentinels({ replicas = 2 } = {}): Promise<RedisSentinels> {
  const login = [`requirepass ${REDIS_PASSWORD}`, `masterauth ${REDIS_PASSWORD}`];
  const master = await startRedisServer({ name: 'redis-master', config: login });
  const followers = await Promise.all(
    Array.from({ length: replicas }, (_, n) =>
      startRedisServer({
        name: `redis-replica-${n + 1}`,
        config: [...login, `replicaof 127.0.0.1 ${master.port}`, 'repl-diskless-sync-delay 0'],
      }),
    ),
  );
  await untilItSays(
    master,
    async (redis) => fieldsOf(await redis.info('replication')).get('connected_slaves') === String(replicas),
    'the replicas to follow',
  );
  const sentinels = await Promise.all(
    Array.from({ length: SENTINELS }, async (_, n) =>
      startRedisServer({
        name: `redis-sentinel-${n + 1}`,
        sentinel: true,
        port: await freePort(),
        config: [
          `requirepass ${SENTINEL_PASSWORD}`,
          `sentinel monitor ${MASTER_NAME} 127.0.0.1 ${master.port} ${QUORUM}`,
          `sentinel auth-pass ${MASTER_NAME} ${REDIS_PASSWORD}`,
          `sentinel sentinel-pass ${SENTINEL_PASSWORD}`,
          `sentinel down-after-milliseconds ${MASTER_NAME} ${DOWN_AFTER_MS}`,
          `sentinel failover-timeout ${MASTER_NAME} 5000`,
        ],
      }),
    ),
  );
  const whole = `slaves=${replicas},sentinels=${SENTINELS}`;
  const isWhole = async (redis: Redis) => (await redis.info('sentinel')).includes(whole);
  const what = 'the sentinels to know one another';
  await Promise.all(sentinels.map((sentinel) => untilItSays(sentinel, isWhole, what, SENTINEL_PASSWORD)));
  return new RedisSentinels([master, ...followers], sentinels);
}
