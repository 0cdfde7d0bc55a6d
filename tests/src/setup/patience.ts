import { vi } from 'vitest';

/** As `expect.poll` has it in vitest.config.ts. There is no setting for `vi.waitFor`, which by itself gives up after a second: less than a busy machine needs to start a process. */
const PATIENCE_MS = 30_000;
const { waitFor } = vi;

const waitPatiently: typeof vi.waitFor = (callback, options = {}) =>
  waitFor(callback, typeof options === 'number' ? options : { timeout: PATIENCE_MS, ...options });

// Files that share a process share this, too.
if (waitFor.name !== waitPatiently.name) vi.waitFor = waitPatiently;
