/** A worker that Redis has not answered for this long asks its peers whether it is alone with that. */
export const SILENT_MS = 1_200;
/** A peer counts as a witness only when it has had Redis without a break for this long. */
export const UNBROKEN_MS = 1_500;

/** What a peer knows of Redis: `true` it answers now and did all the time, `false` it does not, `undefined` the peer cannot be asked. */
export type Vote = boolean | undefined;

/**
 * Am I cut off? Only then must this worker close its pushes, because the others, who see Redis, will take them over. When nobody sees
 * Redis (it is down), or nobody can be asked, the pushes go on.
 */
export function isCutOff(silentMs: number, votes: readonly Vote[]): boolean {
  return silentMs >= SILENT_MS && votes.some((vote) => vote === true);
}
