import { defineConfig } from 'vitest/config';
import { ClosingLine } from './tests/src/setup/closing-line.ts';
import { LongestFirst } from './tests/src/setup/longest-first.ts';

export default defineConfig({
  test: {
    include: ['{apps,packages}/*/src/**/*.test.{ts,tsx}', 'tests/src/**/*.test.ts'],
    pool: 'forks',
    // Fleet tests start processes and media tools of their own: more at a time than this and deadlines start to lie.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    testTimeout: 20_000,
    hookTimeout: 60_000,
    globalSetup: './tests/src/setup/global-setup.ts',
    reporters: ['default', new ClosingLine()],
    silent: 'passed-only',
  },
});
