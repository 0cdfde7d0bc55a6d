import type { ChainableCommander } from 'ioredis';

/** Runs a pipeline; its replies in order. Rejects with the first error among them. */
export async function repliesOf(pipeline: ChainableCommander): Promise<unknown[]> {
  const replies = (await pipeline.exec()) ?? [];
  for (const [error] of replies) if (error !== null) throw error;
  return replies.map(([, reply]) => reply);
}
