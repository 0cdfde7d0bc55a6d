import { resolve } from 'node:path';
import { checkConfig, type Environment } from '@pushfleet/config';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { HTTP_RECEIVER_PORT, RECEIVER_HOST, RTMP_RECEIVER_PORT } from '../demo/received.ts';
import { startPrivateRedis } from '../private-redis.ts';
import { settingsFor } from '../settings.ts';
import type { FleetSettings } from '../up/environment.ts';
import { Fleet } from '../up/fleet.ts';
import { choosePort, isFree, type PortChoice, type PortWish } from '../up/ports.ts';
import { planProcessPorts } from '../workers/process-ports.ts';
import { configError, readConfig, writeDiagnostics } from './config.ts';
import { parseAtLeastOne } from './operator.ts';

interface UpOptions {
  readonly processes: number;
  readonly config?: string;
  readonly demo?: true;
  readonly log?: string;
}

export function addUp(program: Command, context: Context): void {
  program
    .command('up')
    .description('run a whole fleet on this machine: Redis unless REDIS_URL names one, scheduler and workers')
    .option(
      '--processes <n>',
      'number of workers, each a process; they share the RTMP and the HTTP port',
      parseAtLeastOne,
      1,
    )
    .option('--config <file>', 'streams and pushes; PUSHFLEET_CONFIG when absent')
    .option('--demo', 'also run the local receivers that examples/pushfleet.conf pushes to')
    .option('--log <file>', 'append the logs of all processes to this file')
    .action((options: UpOptions) => up(options, context));
}

async function up(options: UpOptions, context: Context): Promise<void> {
  const environment = settingsFor('up', context);
  const configFile = options.config ?? environment.configFile;
  if (configFile !== undefined) await requireConfig(configFile, context);
  const ports = await choosePorts(environment, context.env);
  const isSet = Boolean(context.env.PUSHFLEET_PROCESS_PORTS);
  const { processes } = options;
  const workers = processes === 1 ? undefined : await planProcessPorts(environment, processes, isSet);
  if (options.demo) await requireReceiverPorts();
  const redis = environment.redisUrl === undefined ? await startRedis() : undefined;
  try {
    const settings: FleetSettings = {
      redisUrl: redis?.url ?? environment.redisUrl!.reveal(),
      privateRedis: redis !== undefined,
      configFile: configFile && resolve(configFile),
      ...ports.values,
    };
    const { demo = false, log: logFile } = options;
    const { host, token } = environment;
    const plan = {
      settings,
      host,
      token: token?.reveal(),
      workers: workers?.ports,
      demo,
      logFile,
      notices: [...ports.notices, workers?.notice ?? ''].filter(Boolean),
    };
    await new Fleet(plan, context).run();
  } finally {
    await redis?.stop();
  }
}

/** Mistakes in the file are shown at once and in place, instead of in the log of the scheduler. */
async function requireConfig(file: string, context: Context): Promise<void> {
  const text = await readConfig(file);
  const checked = checkConfig(text, { file });
  const serious = checked.diagnostics.filter(({ severity }) => severity !== 'info');
  writeDiagnostics(context.stderr, serious, text, context);
  if (checked.document === undefined) throw configError(file, checked);
}

async function choosePorts({ host, bind }: Environment, env: Context['env']) {
  const wishes: PortWish[] = [
    { variable: 'PUSHFLEET_PORT', usual: 8080, host, listener: 'the API' },
    { variable: 'PUSHFLEET_RTMP_PORT', usual: 1935, host: bind, listener: 'the RTMP ingest' },
    { variable: 'PUSHFLEET_HTTP_PORT', usual: 8081, host: bind, listener: 'the HTTP port of the worker' },
  ];
  const choices: PortChoice[] = [];
  for (const wish of wishes) choices.push(await choosePort(wish, env));
  const [apiPort, rtmpPort, httpPort] = choices.map(({ value }) => value) as [string, string, string];
  return { values: { apiPort, rtmpPort, httpPort }, notices: choices.map(({ notice }) => notice).filter(Boolean) };
}

async function requireReceiverPorts(): Promise<void> {
  for (const port of [RTMP_RECEIVER_PORT, HTTP_RECEIVER_PORT]) {
    if (await isFree(port, RECEIVER_HOST)) continue;
    throw new CliError('usage', `Port ${port}, where a local receiver of the demo listens, is taken.`, {
      remedy:
        'Stop what uses it (another demo?), or run `pushfleet up` without --demo and with a config file of your own.',
    });
  }
}

async function startRedis() {
  try {
    return await startPrivateRedis();
  } catch (error) {
    throw new CliError('failed', error instanceof Error ? error.message : String(error), { cause: error });
  }
}
