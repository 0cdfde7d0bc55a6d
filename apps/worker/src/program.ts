import { createLogger, EnvironmentError, loadEnvironment } from '@pushfleet/config';
import { SHARED_PORTS_ARGUMENT } from '@pushfleet/contract';
import closeWithGrace from 'close-with-grace';
import { ParentChannel } from './control/parent-channel.ts';
import { FleetWorker } from './worker.ts';

/** Hand-over takes well under a second; a Redis or target that does not answer must not hold the process for ever. */
const STOP_WITHIN_MS = 15_000;
/** Whoever ends us after our parent's death does so within this time. */
const ORPHAN_MS = 500;

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

try {
  await main();
} catch (error) {
  if (!(error instanceof EnvironmentError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
