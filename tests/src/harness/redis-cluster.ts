import { Keys } from '@pushfleet/contract';
import type { Redis } from 'ioredis';
import { freePort } from './ports.ts';
import { fieldsOf, REDIS_PASSWORD, type RedisServer, startRedisServer } from './redis-server.ts';
import { until } from './until.ts';

const SLOTS = 16_384;
const MASTERS = 3;
/** A node that does not answer for so long has failed. */
const NODE_TIMEOUT_MS = 1_500;

/** A Redis Cluster of three masters, and a replica of the one that has the fleet's slot. */
export class RedisCluster {
  readonly servers: readonly RedisServer[];
  /** The master of the fleet's slot and its replica, in whichever roles. */
  readonly #holders: readonly RedisServer[];

  constructor(servers: readonly RedisServer[], holder: RedisServer) {
    this.servers = servers;
    this.#holders = [holder, servers.at(-1)!];
  }

  /** As for REDIS_URL: two of the nodes, neither of which has the fleet's slot. */
  get url(): string {
    const others = this.servers.filter((server) => !this.#holders.includes(server));
    return `redis+cluster://:${REDIS_PASSWORD}@${others.map(({ port }) => `127.0.0.1:${port}`).join(',')}`;
  }

  /** The master that has the fleet's slot now. */
  async master(): Promise<RedisServer> {
    const roles = await Promise.all(this.#holders.map(roleOf));
    return this.#holders[roles.indexOf('master')]!;
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
  }
}

export async function startRedisCluster(): Promise<RedisCluster> {
  const busPorts = await Promise.all(Array.from({ length: MASTERS + 1 }, freePort));
  const servers = await Promise.all(
    busPorts.map((busPort, n) =>
      startRedisServer({
        name: `redis-node-${n + 1}`,
        config: [
          'cluster-enabled yes',
          `cluster-port ${busPort}`,
          `cluster-node-timeout ${NODE_TIMEOUT_MS}`,
          `requirepass ${REDIS_PASSWORD}`,
          `masterauth ${REDIS_PASSWORD}`,
          'repl-diskless-sync-delay 0',
        ],
      }),
    ),
  );
  const nodes = servers.map((server) => server.connect());
  try {
    const holder = await join(servers, busPorts, nodes);
    return new RedisCluster(servers, holder);
  } finally {
    for (const node of nodes) node.disconnect();
  }
}

/** Gives the slots out, brings the nodes together, and makes the last one a replica; answers the master of the fleet's slot. */
async function join(
  servers: readonly RedisServer[],
  busPorts: readonly number[],
  nodes: readonly Redis[],
): Promise<RedisServer> {
  const first = nodes[0]!;
  for (const [n, node] of nodes.slice(0, MASTERS).entries()) {
    const [from, to] = [n, n + 1].map((part) => Math.ceil((part * SLOTS) / MASTERS)) as [number, number];
    await node.call('CLUSTER', 'ADDSLOTSRANGE', from, to - 1);
    await node.call('CLUSTER', 'SET-CONFIG-EPOCH', n + 1);
  }
  for (const [n, server] of servers.entries()) {
    if (n > 0) await first.call('CLUSTER', 'MEET', '127.0.0.1', server.port, busPorts[n]!);
  }
  await untilAll(nodes, (info) => info.get('cluster_known_nodes') === String(servers.length), 'the nodes to meet');
  const slot = Number(await first.cluster('KEYSLOT', new Keys().beats));
  const holder = Math.floor((slot * MASTERS) / SLOTS);
  const holderId = String(await nodes[holder]!.call('CLUSTER', 'MYID'));
  const replica = nodes.at(-1)!;
  await until(async () => (await replica.call('CLUSTER', 'REPLICATE', holderId)) === 'OK', {
    what: 'the replica to know its master',
  });
  await until(async () => fieldsOf(await replica.info('replication')).get('master_link_status') === 'up', {
    what: 'the replica to follow',
  });
  await untilAll(nodes, (info) => info.get('cluster_state') === 'ok', 'the cluster to be whole');
  return servers[holder]!;
}

async function roleOf(server: RedisServer): Promise<string | undefined> {
  const redis = server.connect();
  try {
    return fieldsOf(await redis.info('replication')).get('role');
  } finally {
    redis.disconnect();
  }
}

async function untilAll(
  nodes: readonly Redis[],
  isSo: (info: ReadonlyMap<string, string>) => boolean,
  what: string,
): Promise<void> {
  for (const node of nodes) {
    await until(async () => isSo(fieldsOf(String(await node.call('CLUSTER', 'INFO')))), { what });
  }
}
