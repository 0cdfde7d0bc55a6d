import type { LockedJob } from './scripts.ts';

/** The locks of a pool, beside what its workers hold. */
export interface Census {
  /** Nobody works on these: locked by a worker that has no beat, or by this one, which does not hold them. */
  readonly suspects: readonly LockedJob[];
  /** Ids of other workers that have locked more jobs than they hold: they have forgotten some. */
  readonly forgetful: readonly string[];
}

/** `others`: how many pushes each of the workers that beat holds; undefined when it is not known who beats. */
export function takeCensus(
  jobs: readonly LockedJob[],
  own: { readonly id: string; readonly holds: (jobId: string) => boolean },
  others: ReadonlyMap<string, number> | undefined,
): Census {
  const suspects: LockedJob[] = [];
  const locked = new Map<string, number>();
  for (const job of jobs) {
    const owner = ownerOf(job.token);
    if (owner === own.id) {
      if (!own.holds(job.jobId)) suspects.push(job);
    } else if (others?.has(owner)) {
      locked.set(owner, (locked.get(owner) ?? 0) + 1);
    } else if (others !== undefined) {
      suspects.push(job);
    }
  }
  const isForgetful = ([id, count]: [string, number]) => count > (others?.get(id) ?? 0);
  return { suspects, forgetful: [...locked].filter(isForgetful).map(([id]) => id) };
}

/** Tokens are `<id of the worker>:<number>`. */
function ownerOf(token: string): string {
  const end = token.lastIndexOf(':');
  return end === -1 ? token : token.slice(0, end);
}
