import { readFile } from 'node:fs/promises';
import { CliError } from './cli-error.ts';

/**
 * The fields of `--header`, each `Name: value` as HTTP and curl write it, or `@FILE` with one a line, for values that neither `ps` nor the
 * history of a shell shall show. The API checks names and values. Rejects with `usage`, and never quotes a value.
 */
export async function headerFields(given: readonly string[]): Promise<Record<string, string>> {
  const fields: [string, string][] = [];
  for (const option of given) {
    const lines = option.startsWith('@') ? await linesOf(option.slice(1)) : [option];
    fields.push(...lines.map(parseField));
  }
  return Object.fromEntries(fields);
}

async function linesOf(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const message = `The file of --header @${file} cannot be read (${cause.code}).`;
    throw new CliError('usage', message, { remedy: 'Check its path.', cause });
  });
  return text.split('\n').filter((line) => line.trim() !== '');
}

function parseField(line: string): [string, string] {
  const colon = line.indexOf(':');
  const name = line.slice(0, Math.max(colon, 0)).trim();
  if (name !== '') return [name, line.slice(colon + 1).trim()];
  throw new CliError('usage', 'A header has no name.', { remedy: "Write --header 'Name: value', or --header @FILE." });
}
