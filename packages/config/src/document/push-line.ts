import { didYouMean } from '../nearest.ts';
import { type PushOptions, type PushSpec, pushOptionsSchema } from '../options.ts';
import { pushUrlProblem } from '../schemes.ts';
import { type Directive, type Position, type Word, wholeText } from '../syntax/ast.ts';
import { foreignPushOptions, LABEL_PREFIX, looksLikeOption, pushOptions, valuedPushOptions } from '../vocabulary.ts';
import type { Reporter } from './reporter.ts';

/** A push as the file says it. */
export interface PushLine {
  readonly spec: PushSpec;
  readonly position: Position;
}

/** `push URL option=value flag;`, or undefined when it cannot be made. */
export function readPush(push: Directive, report: Reporter): PushLine | undefined {
  const [first, ...rest] = push.words;
  if (first === undefined || (first.key !== undefined && pushOptions.has(first.key))) {
    report.error('missing_url', push.name.at, 'push names no URL', 'write push URL option=value ...;');
    return undefined;
  }
  const url = wholeText(first);
  const problem = pushUrlProblem(url);
  if (problem !== undefined) {
    report.urlProblem(first.at, problem, 'the push is left out');
    return undefined;
  }
  if (push.block !== undefined) {
    report.error('unexpected_block', push.name.at, 'push takes no block', 'write the options after the URL');
  }
  return { spec: { url, ...readOptions(rest, report) }, position: push.at };
}

function readOptions(words: readonly Word[], report: Reporter): PushOptions {
  const options: Record<string, unknown> = {};
  const labels: Word[] = [];
  for (const word of words) {
    const name = word.key ?? word.text;
    if (word.key === undefined && name !== 'disabled') reportFlag(word, report);
    else if (name.startsWith(LABEL_PREFIX)) labels.push(word);
    else if (pushOptions.has(name)) readOption(word, options, report);
    else reportUnknown(word, name, report);
  }
  return { ...options, ...readLabels(labels, report) };
}

function readLabels(words: readonly Word[], report: Reporter): PushOptions {
  const [first] = words;
  if (first === undefined) return {};
  const labels = Object.fromEntries(words.map(({ key, text }) => [key!.slice(LABEL_PREFIX.length), text]));
  const result = pushOptionsSchema.safeParse({ labels });
  if (result.success) return result.data;
  report.invalid(first.at, result.error);
  return {};
}

function readOption(word: Word, options: Record<string, unknown>, report: Reporter): void {
  const name = (word.key ?? word.text) as keyof typeof pushOptionsSchema.shape;
  if (name in options) report.warning('repeated_option', word.at, `${name} is given twice; the last one counts`);
  const result = pushOptionsSchema.shape[name].safeParse(wireValue(name, word));
  if (result.success) options[name] = result.data;
  else report.invalid(word.at, result.error, unitHint(word.text));
}

/** The value as the wire has it. What does not fit stays a text, for the schema to refuse. */
function wireValue(name: string, { key, text }: Word): unknown {
  if (name === 'disabled') return key === undefined || readBoolean(text);
  if (name === 'comment' || name === 'pool') return text;
  if (name === 'retry_limit' && /^(?:endless|unlimited)$/.test(text)) return null;
  if (name === 'timeout' && text === 'none') return null;
  return readNumber(text);
}

/** A word without value after the URL. It is not quoted: it may be a piece of the URL, cut off by a space. */
function reportFlag(word: Word, report: Reporter): void {
  const { text, at } = word;
  if ((valuedPushOptions as readonly string[]).includes(text)) {
    report.error('missing_value', at, `${text} needs a value`, `write ${text}=VALUE`);
  } else if (foreignPushOptions.has(text)) report.ignored(text, at);
  else {
    const hint = didYouMean(text, ['disabled', ...foreignPushOptions]);
    report.warning('unknown_option', at, 'this word after the push URL is not known and has no effect', hint);
  }
}

function reportUnknown({ at }: Word, name: string, report: Reporter): void {
  if (foreignPushOptions.has(name)) report.ignored(name, at);
  else {
    const what = looksLikeOption(name) ? `option '${name}'` : 'such option';
    report.warning('unknown_option', at, `push has no ${what}; it has no effect`, didYouMean(name, pushOptions));
  }
}

export function readNumber(text: string): number | string {
  return /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : text;
}

export function readBoolean(text: string): boolean | string {
  if (/^(?:true|yes|on|1)$/.test(text)) return true;
  return /^(?:false|no|off|0)$/.test(text) ? false : text;
}

/** `10s` and `500ms` are the usual slips. */
export function unitHint(text: string): string | undefined {
  return /^\d+(?:\.\d+)?[a-z]+$/i.test(text) ? 'write seconds as a number without a unit' : undefined;
}
