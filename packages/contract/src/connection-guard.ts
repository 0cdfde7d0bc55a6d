import { setTimeout as delay } from 'node:timers/promises';
import { Cluster, type Redis } from 'ioredis';

export interface GuardedConnection {
  readonly redis: Redis;
  /** How long it may owe an answer: more than any of its commands blocks. */
  readonly patienceMs: number;
}

/** What is known of a connection. */
interface Look {
  readonly stream: Redis['stream'];
  readonly bytesRead: number;
  /** When it was asked for a sign of life; undefined while it gives some by itself. */
  askedAt: number | undefined;
}

const LOOK_MS = 1_000;
const PROBE_MS = 2_000;
/** An answer that is on its way with that to the probe comes within this time. */
const LAST_CHANCE_MS = 1_000;

/**
 * Replaces connections whose other end has vanished without a word. A host that has lost its power sends no RST, TCP waits a quarter of an hour for it,
 * and so would every command. A Redis that only stands still must not be left: what it was sent it will carry out. A connection that is opened
 * for the question tells the two apart.
 */
export class ConnectionGuard {
  readonly #connections: readonly GuardedConnection[];
  readonly #replaced: () => void;
  readonly #looks = new WeakMap<Redis, Look>();
  readonly #timer: NodeJS.Timeout;
  #isLooking = false;

  /** `replaced` hears of each connection that was given up; it connects anew and sends again what was not answered. */
  constructor(connections: readonly GuardedConnection[], replaced: () => void) {
    this.#connections = connections;
    this.#replaced = replaced;
    this.#timer = setInterval(() => void this.#look(), LOOK_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const all = this.#connections.flatMap(({ redis, patienceMs }) =>
      nodesOf(redis).map((node) => ({ node, patienceMs })),
    );
    const silent = all.filter(({ node, patienceMs }) => this.#owesFor(node) > patienceMs);
    await Promise.all(silent.map(({ node }) => this.#judge(node)));
    this.#isLooking = false;
  }

  /** Milliseconds since it was asked for a sign of life in vain. Asks when there was none since the last look. */
  #owesFor(redis: Redis): number {
    const { stream, status } = redis;
    if (status !== 'ready') return 0;
    const { bytesRead } = stream;
    const last = this.#looks.get(redis);
    const isSilent = last?.stream === stream && last.bytesRead === bytesRead;
    if (isSilent && last.askedAt !== undefined) return performance.now() - last.askedAt;
    this.#looks.set(redis, { stream, bytesRead, askedAt: isSilent ? performance.now() : undefined });
    if (isSilent) redis.ping().catch(() => {}); // the answer counts by its bytes
    return 0;
  }

  async #judge(redis: Redis): Promise<void> {
    const { stream } = redis;
    const { bytesRead } = stream;
    if (!(await isReachable(redis))) return;
    await delay(LAST_CHANCE_MS);
    if (redis.stream !== stream || stream.bytesRead !== bytesRead || redis.status !== 'ready') return;
    stream.destroy(new Error('Redis does not answer on this connection, and does on a new one'));
    this.#replaced();
  }
}

/** Where the connection leads, by the same name and login, somebody answers who is asked anew. */
async function isReachable(redis: Redis): Promise<boolean> {
  const probe = redis.duplicate({
    lazyConnect: true,
    retryStrategy: () => null,
    connectTimeout: PROBE_MS,
    commandTimeout: PROBE_MS,
    maxRetriesPerRequest: 0,
  });
  probe.on('error', () => {}); // a rejection says the same
  const late = delay(2 * PROBE_MS, false, { ref: false });
  try {
    const asked = probe.connect().then(() => probe.ping());
    return await Promise.race([asked.then(() => true), late]);
  } catch {
    return false;
  } finally {
    probe.disconnect();
  }
}

/** Of a cluster the connection to each of its nodes. */
function nodesOf(redis: Redis): Redis[] {
  const connection: unknown = redis;
  return connection instanceof Cluster ? connection.nodes('all') : [redis];
}
