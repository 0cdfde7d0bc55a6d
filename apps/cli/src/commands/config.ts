import { readFile } from 'node:fs/promises';
import { type CheckedConfig, checkConfig, type Diagnostic, formatDiagnostic } from '@pushfleet/config';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { type Context, type Output, writeJson } from '../context.ts';
import { count } from '../terminal/format.ts';
import type { Style } from '../terminal/style.ts';
import { operatorCommand } from './operator.ts';

export function addConfig(program: Command, context: Context): void {
  const config = program.command('config').description('work with config files');
  operatorCommand(config, 'check', 'check a config file without a server; exit code 1 when it has errors')
    .argument('<file>', 'config file, or - for standard input')
    .action(async (file: string, { json }: { json?: true }) => {
      const text = file === '-' ? await context.readInput() : await readConfig(file);
      const checked = checkConfig(text, { file: file === '-' ? 'standard input' : file });
      if (json) for (const diagnostic of checked.diagnostics) writeJson(context.stdout, diagnostic);
      else {
        writeDiagnostics(context.stdout, checked.diagnostics, text, context);
        context.stdout.write(`${summary(file, checked)}\n`);
      }
      if (checked.document === undefined) throw configError(file, checked);
    });
}

/** The text of a config file. Rejects with `usage` when it cannot be read. */
export async function readConfig(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code;
    throw new CliError('usage', `The config file ${file} cannot be read (${reason}).`, {
      remedy: 'Check its path.',
      cause,
    });
  }
}

const severityStyles: Readonly<Record<Diagnostic['severity'], Style>> = {
  error: 'bad',
  warning: 'warning',
  info: 'dim',
};

/** Each with its line of the file and a caret under the place. */
export function writeDiagnostics(
  output: Output,
  diagnostics: readonly Diagnostic[],
  text: string,
  { paint }: Context,
): void {
  for (const diagnostic of diagnostics) {
    const [head = '', ...rest] = formatDiagnostic(diagnostic, text).split('\n');
    output.write(`${[paint(severityStyles[diagnostic.severity], head), ...rest].join('\n')}\n`);
  }
}

export function configError(file: string, { diagnostics }: CheckedConfig): CliError {
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  return new CliError('failed', `${file} has ${count(errors, 'error')}.`, { code: 'invalid_config' });
}

function summary(file: string, { document, diagnostics }: CheckedConfig): string {
  const found = (['error', 'warning'] as const).map((severity) =>
    count(diagnostics.filter((diagnostic) => diagnostic.severity === severity).length, severity),
  );
  const streams = document?.streams ?? [];
  const pushes = streams.reduce((sum, { spec }) => sum + spec.pushes.length, 0);
  const content = [count(streams.length, 'stream'), count(pushes, 'push', 'pushes')];
  return `${file}: ${[...(document === undefined ? [] : content), ...found].join(', ')}`;
}
