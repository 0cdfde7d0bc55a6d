import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Keys, type Testimony, testimonySchema } from '@pushfleet/contract';
import type { Redis } from 'ioredis';
import { UNBROKEN_MS, type Vote } from './fence.ts';
import { within } from './within.ts';

/** A peer that does not answer within this time has no vote. */
const VOTE_MS = 400;
/** A witness proves its contact with Redis anew for every question. */
const PING_MS = 250;

export const FENCE_PATH = '/fence';
export const CLUSTER_HEADER = 'x-pushfleet-cluster';

/** Proof that a request comes from a worker of the same fleet. */
export function clusterProof(clusterKey: string): string {
  return createHmac('sha256', clusterKey).update('fence').digest('hex');
}

export function isClusterProof(clusterKey: string, given: string | undefined): boolean {
  const [a, b] = [Buffer.from(given ?? ''), Buffer.from(clusterProof(clusterKey))];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Asks the other workers, at their HTTP addresses, whether they see Redis. */
export async function askPeers(addresses: readonly string[], clusterKey: string): Promise<Vote[]> {
  return Promise.all(addresses.map((address) => askPeer(address, clusterKey, VOTE_MS)));
}

/** Undefined when there is no answer in time, or none of a worker of this fleet and version. */
export async function askPeer(address: string, clusterKey: string, timeoutMs: number): Promise<Testimony | undefined> {
  try {
    const response = await fetch(`http://${address}${FENCE_PATH}`, {
      headers: { [CLUSTER_HEADER]: clusterProof(clusterKey) },
      signal: AbortSignal.timeout(timeoutMs),
    });
    return testimonySchema.parse(await response.json());
  } catch {
    return undefined;
  }
}

/**
 * This worker's answer to such a question: Redis answers it right now, and has done so without a break. It is asked for a key, so that in
 * a cluster the node that matters answers.
 */
export async function testify(redis: Redis, keys: Keys, unbrokenMs: number): Promise<boolean> {
  return unbrokenMs >= UNBROKEN_MS && within(PING_MS, redis.exists(keys.beats));
}
