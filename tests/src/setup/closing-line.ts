import type { Reporter, SerializedError, TestModule } from 'vitest/node';

const SLOWEST_FILES = 10;

/**
 * Ends the output with `N passed, N failed` (`, N skipped` when there are any) for people and machines. A file that does not load, a
 * failed hook and an error outside any test count as failures too. In CI the slowest files stand above it.
 */
export class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      let failedTests = 0;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') counts.passed++;
        else if (state === 'failed') failedTests++;
        else counts.skipped++;
      }
      counts.failed += failedTests === 0 && module.state() === 'failed' ? 1 : failedTests;
    }
    const slowest = process.env.CI === undefined ? [] : slowestFiles(modules);
    const skipped = counts.skipped === 0 ? '' : `, ${counts.skipped} skipped`;
    const lines = [...slowest, `${counts.passed} passed, ${counts.failed} failed${skipped}`];
    process.once('exit', () => console.log(lines.join('\n'))); // after whatever other reporters and the teardown print
  }
}

function slowestFiles(modules: readonly TestModule[]): string[] {
  return modules
    .map((module) => ({ name: module.relativeModuleId, durationMs: module.diagnostic().duration }))
    .sort((a, b) => b.durationMs - a.durationMs)
    .slice(0, SLOWEST_FILES)
    .map(({ name, durationMs }) => `${(durationMs / 1000).toFixed(1).padStart(7)} s  ${name}`);
}
