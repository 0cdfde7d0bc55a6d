import { type Command, InvalidArgumentError } from 'commander';
import { ApiClient } from '../api/client.ts';
import type { Context } from '../context.ts';
import { settingsFor } from '../settings.ts';
import { formatAge } from '../terminal/format.ts';

// What the commands of the operator, which talk to the API of a running fleet, have in common.

/** Adds a command that can speak JSON. */
export function operatorCommand(program: Command, usage: string, summary: string): Command {
  return program.command(usage).description(summary).option('--json', 'print JSON, one object a line');
}

/** The API that the environment names. */
export function connect(context: Context): ApiClient {
  const { url, token } = settingsFor('client', context);
  return new ApiClient(url, token?.reveal());
}

export function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (text.trim() === '' || !Number.isFinite(seconds) || seconds < 0) {
    throw new InvalidArgumentError('Write a number of seconds, 0 or more.');
  }
  return seconds;
}

export function parseCount(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Write a whole number.');
  return Number(text);
}

export function parseAtLeastOne(text: string): number {
  const n = parseCount(text);
  if (n === 0) throw new InvalidArgumentError('Write a whole number, 1 or more.');
  return n;
}

/** A line to show above what the API has just said, when it is not what is true now. */
export function staleBanner({ staleSince }: Pick<ApiClient, 'staleSince'>, nowMs: number): string[] {
  if (staleSince === undefined) return [];
  const age = staleSince === '' ? 'some time' : formatAge(staleSince, nowMs);
  return [
    `Redis does not answer: this is what was known ${age} ago. Running pushes go on; nothing can be changed now.`,
  ];
}
