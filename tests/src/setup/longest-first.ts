import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Where the files stand that take longest, those first: they start processes, wait for heartbeats and play media in real time. */
const SLOW = [/^tests\/src\/fleet\/|^apps\/cli\/src\/up\.test\.ts$/, /^tests\/src\/(?!harness\/)/];

/**
 * A clean clone knows no durations, and Vitest goes by the size of files then: a long one that begins last runs alone, beside an idle core. So what is
 * known to be slow begins first, and the thousands of quick tests fill the gaps.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const bySizeOrDuration = await super.sort(files);
    const rank = ({ moduleId }: TestSpecification): number => slowness(moduleId.slice(this.ctx.config.root.length + 1));
    return bySizeOrDuration.toSorted((a, b) => rank(a) - rank(b));
  }
}

/** 0 for the slowest. `file`: its path from the root. */
export function slowness(file: string): number {
  const rank = SLOW.findIndex((pattern) => pattern.test(file));
  return rank < 0 ? SLOW.length : rank;
}
