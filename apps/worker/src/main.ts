import { createLogger, EnvironmentError, loadEnvironment } from '@pushfleet/config';
import closeWithGrace from 'close-with-grace';
import { FleetWorker } from './worker.ts';

/** Hand-over takes well under a second; a Redis or target that does not answer must not hold the process for ever. */
const STOP_WITHIN_MS = 15_000;

async function main(): Promise<void> {
  const environment = loadEnvironment(process.env, 'worker');
  const log = createLogger({ name: 'worker', level: environment.logLevel });
  const worker = new FleetWorker(environment, log);
  closeWithGrace({ delay: STOP_WITHIN_MS, logger: false }, async ({ err }) => {
    if (err) log.fatal({ err }, 'the worker fails');
    await worker.stop();
  });
  await worker.start();
  process.send?.({ ready: true, name: environment.workerId, ...worker.addresses });
}

try {
  await main();
} catch (error) {
  if (!(error instanceof EnvironmentError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
