import { Command, CommanderError } from 'commander';
import { CliError, exitCodes, formatCliError } from './cli-error.ts';
import { addActs } from './commands/act.ts';
import { addAdd } from './commands/add.ts';
import { addConfig } from './commands/config.ts';
import { addEnv } from './commands/env.ts';
import { addEvents } from './commands/events.ts';
import { addGet } from './commands/get.ts';
import { addLs } from './commands/ls.ts';
import { addScheduler } from './commands/scheduler.ts';
import { addUp } from './commands/up.ts';
import { addWorker } from './commands/worker.ts';
import { addWorkers } from './commands/workers.ts';
import type { Context } from './context.ts';

const EPILOGUE = `
The commands for pushes and fleet talk to the API at PUSHFLEET_URL (default
http://127.0.0.1:8080) with the token PUSHFLEET_TOKEN.

Exit codes: 0 ok, 1 failed, 2 usage, 3 not found, 4 not allowed, 5 conflict,
6 API unreachable, 124 --wait took too long.
`;

function buildProgram(context: Context, version: string): Command {
  const program = new Command('pushfleet')
    .description('Copies live streams to other servers and keeps them there.')
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'pushfleet: ')),
    })
    .showHelpAfterError('Try `pushfleet --help`.')
    .addHelpText('after', EPILOGUE);
  program.commandsGroup('Processes:');
  addUp(program, context);
  addScheduler(program);
  addWorker(program, context);
  program.commandsGroup('Pushes:');
  addLs(program, context);
  addGet(program, context);
  addAdd(program, context);
  addActs(program, context);
  program.commandsGroup('Fleet:');
  addEvents(program, context);
  addWorkers(program, context);
  program.commandsGroup('Configuration:');
  addConfig(program, context);
  addEnv(program, context);
  return program;
}

/** Runs one command line (without the program's own name) and resolves with the exit code. Rejects only on a fault of the program. */
export async function run(args: readonly string[], context: Context, version: string): Promise<number> {
  try {
    await buildProgram(context, version).parseAsync(args, { from: 'user' });
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    const failures = error instanceof AggregateError ? error.errors : [error];
    for (const failure of failures) {
      if (!(failure instanceof CliError)) throw failure;
      context.stderr.write(`${formatCliError(failure)}\n`);
    }
    return exitCodes[(failures[0] as CliError).exit];
  }
}
