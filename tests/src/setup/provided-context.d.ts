import 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** An empty Redis for tests that only need some Redis; those that harm theirs start their own (harness/redis.ts). */
    redisUrl: string;
    /** Folder of this run for what test processes print. */
    logDirectory: string;
  }
}
