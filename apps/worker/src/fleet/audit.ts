import type { WorkerRecord } from '@pushfleet/contract';
import { takeCensus } from './census.ts';
import type { FleetScripts, LockedJob } from './scripts.ts';

export const AUDIT_MS = 10_000;
/** Another worker goes on when the one that looks after the pool has missed a look. */
const LEASE_MS = 2.5 * AUDIT_MS;

export interface AuditDeps {
  readonly scripts: FleetScripts;
  readonly pool: string;
  readonly workerId: () => string;
  readonly holds: (jobId: string) => boolean;
  /** Tells a worker that it has locked jobs which it does not hold. */
  readonly remind: (workerId: string) => Promise<void>;
}

/**
 * Looks for active jobs that nobody works on. One worker of a pool at a time looks at all of them, so that the cost does not grow with the number of
 * workers; the others look only when they are told that they have forgotten something.
 *
 * What is found twice, under the same lock, is freed: a single look could meet a job between its fetch and its start, and two looks could meet two
 * different activations of it there.
 */
export class Audit {
  readonly #deps: AuditDeps;
  #suspects: ReadonlyMap<string, string> = new Map();
  #forgetful: ReadonlySet<string> = new Set();
  #isReminded = false;

  constructor(deps: AuditDeps) {
    this.#deps = deps;
  }

  /** This worker has locked jobs that it does not hold, another one says. */
  reminded(): void {
    this.#isReminded = true;
  }

  /** Every AUDIT_MS. How many jobs were freed. */
  async look(): Promise<number> {
    const { scripts, pool, workerId } = this.#deps;
    const isReminded = this.#isReminded;
    this.#isReminded = false;
    if (!(await scripts.takeAudit(pool, workerId(), LEASE_MS))) {
      const hasToLook = isReminded || this.#suspects.size > 0;
      return hasToLook ? this.#judge(await scripts.lockedJobs(), undefined) : 0;
    }
    const records = await scripts.beating();
    if (records === undefined) return 0;
    const held = [...records].map(([id, json]): [string, number] => [id, (JSON.parse(json) as WorkerRecord).held ?? 0]);
    return this.#judge(await scripts.lockedJobs(), new Map(held));
  }

  async #judge(jobs: readonly LockedJob[], others: ReadonlyMap<string, number> | undefined): Promise<number> {
    const { scripts, workerId, holds, remind } = this.#deps;
    const { suspects, forgetful } = takeCensus(jobs, { id: workerId(), holds }, others);
    const known = this.#suspects;
    const abandoned = suspects.filter(({ jobId, token }) => known.get(jobId) === token);
    this.#suspects = new Map(suspects.map(({ jobId, token }) => [jobId, token]));
    await Promise.all(forgetful.filter((id) => this.#forgetful.has(id)).map((id) => remind(id)));
    this.#forgetful = new Set(forgetful);
    return abandoned.length === 0 ? 0 : scripts.freeAbandoned(workerId(), abandoned);
  }
}
