import { enableCompileCache, flushCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { restartLean } from './restart-lean.ts';

/** Two hundred modules need not be stripped of their types and compiled again by each process: that is half of the CPU of a start, and memory. */
const COMPILED = fileURLToPath(new URL('../../../.pushfleet/compiled', import.meta.url));

restartLean();
enableCompileCache(COMPILED); // where that cannot be written each start compiles
await import('./program.ts');
flushCompileCache(); // a process that is killed would leave nothing behind
