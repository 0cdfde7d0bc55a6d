import type { PushSpec, StreamSpec } from '../options.ts';
import { type ConfigNode, type Directive, directive, option, type Word, word } from '../syntax/ast.ts';
import { printConfig } from '../syntax/printer.ts';
import { HEADER_PREFIX, LABEL_PREFIX, nullWords } from '../vocabulary.ts';

/** Config text that reads back as these streams. It holds every secret in clear. */
export function printDocument(streams: readonly StreamSpec[]): string {
  return printConfig(streams.map(streamDirective));
}

/** One line of config text that reads back as this push, without a line feed. It holds every secret in clear. */
export const printPush = (spec: PushSpec): string => printConfig([pushDirective(spec)]).trim();

function streamDirective(spec: StreamSpec): Directive {
  const { title, comment, disabled, password, segment_count, segment_duration, source_timeout } = spec;
  const block: ConfigNode[] = [
    ...setting('title', title),
    ...setting('comment', comment),
    ...(disabled === undefined ? [] : [directive('disabled', disabled ? [] : [word('false')])]),
    ...setting('password', password),
    ...(spec.inputs ?? []).map((url) => directive('input', [word(url)])),
    ...setting('segment_count', segment_count),
    ...setting('segment_duration', segment_duration),
    ...setting('source_timeout', source_timeout),
    ...(spec.pushes ?? []).map(pushDirective),
  ];
  return directive('stream', [word(spec.name)], block);
}

const setting = (name: string, value: string | number | undefined): Directive[] =>
  value === undefined ? [] : [directive(name, [word(String(value))])];

function pushDirective({ url, disabled, labels = {}, headers = {}, ...options }: PushSpec): Directive {
  const words: Word[] = [word(url)];
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined) words.push(option(name, optionText(name, value)));
  }
  for (const [name, value] of Object.entries(labels)) words.push(option(LABEL_PREFIX + name, value));
  for (const [name, value] of Object.entries(headers)) words.push(option(HEADER_PREFIX + name, value));
  if (disabled !== undefined) words.push(disabled ? word('disabled') : option('disabled', 'false'));
  return directive('push', words);
}

/** The value of a push option as config text has it. */
export function optionText(name: string, value: string | number | boolean | null): string {
  return value === null ? (nullWords.get(name) ?? '') : String(value);
}
