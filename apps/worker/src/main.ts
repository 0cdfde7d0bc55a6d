import { setFlagsFromString } from 'node:v8';
import { createLogger, EnvironmentError, loadEnvironment } from '@pushfleet/config';
import { SHARED_PORTS_ARGUMENT } from '@pushfleet/contract';
import closeWithGrace from 'close-with-grace';
import { ParentChannel } from './control/parent-channel.ts';
import { FleetWorker } from './worker.ts';

/** Hand-over takes well under a second; a Redis or target that does not answer must not hold the process for ever. */
const STOP_WITHIN_MS = 15_000;
/** Whoever ends us after our parent's death does so within this time. */
const ORPHAN_MS = 500;

/**
 * MB of each half of the heap's young generation. What a push makes lives for one picture or one report, so that a larger one finds no more garbage; V8's
 * own limit of 32 costs tens of MB, and pauses that are as much longer.
 */
const YOUNG_GENERATION_MB = 8;
/**
 * Pictures and batches are memory outside of the heap. V8 would collect its whole heap whenever 64 MB of that have come, once a second with 50 streams
 * of 4 Mb/s; so it counts them as a part of the heap, which may grow with what lives.
 */
const MEMORY_OUTSIDE_COUNTS = '--external-memory-accounted-in-global-limit';

async function main(): Promise<void> {
  const environment = loadEnvironment(process.env, 'worker');
  const log = createLogger({ name: 'worker', level: environment.logLevel });
  const parent = process.argv.includes(SHARED_PORTS_ARGUMENT) ? new ParentChannel(process) : undefined;
  const worker = new FleetWorker(environment, log, parent);
  let isStopping = false;
  closeWithGrace({ delay: STOP_WITHIN_MS, logger: false }, async ({ err }) => {
    isStopping = true;
    if (err) log.fatal({ err }, 'the worker fails');
    await worker.stop();
  });
  if (parent !== undefined) onOrphaned(() => isStopping || process.kill(process.pid, 'SIGTERM'));
  await worker.start();
  process.send?.({ ready: true, name: environment.workerId, ...worker.addresses });
}

/** Without a parent nobody would start this process again, and the next parent starts others of the same names. */
function onOrphaned(act: () => void): void {
  process.once('disconnect', () => setTimeout(act, ORPHAN_MS));
}

// At run time, and not by an option of Node: a worker is started in several ways. V8 looks at both whenever it decides.
setFlagsFromString(`--max-semi-space-size=${YOUNG_GENERATION_MB}`);
setFlagsFromString(MEMORY_OUTSIDE_COUNTS);
try {
  await main();
} catch (error) {
  if (!(error instanceof EnvironmentError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
