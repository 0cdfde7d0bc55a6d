import { readFileSync } from 'node:fs';
import { createLogger, type Environment, EnvironmentError, loadEnvironment } from '@pushfleet/config';
import closeWithGrace from 'close-with-grace';
import { buildApp } from './app.ts';
import { ConfigFileError } from './config-file/config-file.ts';

const EXIT_FAILED = 1;
/** What the operator has to correct before another start makes sense. */
const EXIT_MISCONFIGURED = 2;
const CLOSE_WITHIN_MS = 10_000;

try {
  await run(loadEnvironment(process.env, 'scheduler'));
} catch (error) {
  const isMisconfigured = error instanceof EnvironmentError || error instanceof ConfigFileError;
  process.stderr.write(`${isMisconfigured ? error.message : describe(error)}\n`);
  process.exit(isMisconfigured ? EXIT_MISCONFIGURED : EXIT_FAILED);
}

async function run(env: Environment): Promise<void> {
  const log = createLogger({ name: 'scheduler', level: env.logLevel });
  const app = await buildApp(
    {
      redisUrl: env.redisUrl!.reveal(),
      prefix: env.prefix,
      configFile: env.configFile,
      allowTargets: env.allowTargets,
      denyTargets: env.denyTargets,
      token: env.token,
      version: version(),
    },
    { log },
  );
  const closing = closeWithGrace(
    { delay: CLOSE_WITHIN_MS, logger: false, skip: ['SIGHUP'] },
    async ({ err, signal }) => {
      if (err === undefined) log.info({ signal }, 'stopping');
      else log.fatal({ err }, 'stopping after an unexpected error');
      await app.close();
    },
  );
  // Started by another process, it does not outlive that one.
  if (process.connected) process.once('disconnect', () => closing.close());
  process.on('SIGHUP', () => void app.scheduler.reloadConfig());
  const listenTextResolver = (address: string) => `scheduler listens at ${address}`;
  const api = await app.listen({ host: env.host, port: env.port, listenTextResolver }).catch(async (error: unknown) => {
    await app.close();
    throw error;
  });
  process.send?.({ ready: true, api });
}

function describe(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE')
    return `${message}: choose another port with PUSHFLEET_PORT, or end the program that has this one`;
  return error instanceof Error ? (error.stack ?? message) : String(error);
}

function version(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
