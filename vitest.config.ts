import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { ClosingLine } from './tests/src/setup/closing-line.ts';
import { LongestFirst } from './tests/src/setup/longest-first.ts';

const cores = Math.min(4, availableParallelism());

/** These look at what their whole process holds. */
const OF_THEIR_PROCESS = [
  'packages/protocols/src/{m4s,tshttp}/publisher.test.ts',
  'packages/protocols/src/http/upload.test.ts',
  'packages/protocols/src/bytes/byte-queue.test.ts',
];
/** These promise fractions of a second, ratios of CPU time, or are a browser at work. */
const PUNCTUAL = [
  'tests/src/{fleet,bench,dashboard}/**/*.test.ts',
  'tests/src/interop/four-protocols.test.ts',
  'tests/src/options/{changes,pausing,retries}.test.ts',
];
const UP = 'apps/cli/src/up.test.ts';

/** Times that end what hangs, on a slow machine too: how fast something has to be, its test says. */
const ends = (ms: number) => ({ testTimeout: ms, hookTimeout: 2 * ms });

// Groups run one after the other, the projects of a group together. Hardly a file keeps a core busy: they wait for media in real time and for processes,
// a third of a core each on average. How many run side by side goes by what their deadlines bear when several want the CPU at once.
const quick = {
  maxWorkers: 2 * cores,
  sequence: { groupOrder: 0 },
  setupFiles: ['./tests/src/setup/same-chance.ts'],
};

export default defineConfig({
  test: {
    pool: 'forks',
    ...ends(60_000),
    expect: { poll: { timeout: 30_000 } },
    globalSetup: './tests/src/setup/global-setup.ts',
    setupFiles: ['./tests/src/setup/patience.ts'],
    reporters: ['default', new ClosingLine()],
    silent: 'passed-only',
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        // Each of these leaves nothing in its process: they share one, and what it has loaded.
        extends: true,
        test: {
          name: 'pure',
          include: ['{packages/*,apps/dashboard}/src/**/*.test.{ts,tsx}'],
          exclude: OF_THEIR_PROCESS,
          isolate: false,
          ...quick,
        },
      },
      {
        extends: true,
        test: {
          name: 'apps',
          include: ['apps/{cli,scheduler,worker}/src/**/*.test.ts', ...OF_THEIR_PROCESS],
          exclude: [UP],
          ...quick,
        },
      },
      {
        // Fleets of processes, whose deadlines start to lie when the CPU is taken for long: more at a time would end sooner, and fail by chance.
        extends: true,
        test: {
          name: 'punctual',
          include: PUNCTUAL,
          ...ends(180_000),
          maxWorkers: cores,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // Their deadlines are wide.
        extends: true,
        test: {
          name: 'patient',
          include: ['tests/src/**/*.test.ts', UP],
          exclude: PUNCTUAL,
          ...ends(180_000),
          maxWorkers: 2 * cores,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
