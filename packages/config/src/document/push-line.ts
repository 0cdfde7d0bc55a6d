import { didYouMean, nearest } from '../nearest.ts';
import { type PushOptions, type PushSpec, pushOptionsSchema } from '../options.ts';
import { pushUrlProblem } from '../schemes.ts';
import { type Directive, type Position, type Word, wholeText } from '../syntax/ast.ts';
import {
  foreignPushOptions,
  HEADER_PREFIX,
  LABEL_PREFIX,
  looksLikeOption,
  nullWords,
  pushOptions,
  valuedPushOptions,
} from '../vocabulary.ts';
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
  reportIdleOptions(url, rest, report);
  return { spec: { url, ...readOptions(rest, report) }, position: push.at };
}

function readOptions(words: readonly Word[], report: Reporter): PushOptions {
  const options: Record<string, unknown> = {};
  const labels: Word[] = [];
  const headers: Word[] = [];
  for (const word of words) {
    const name = word.key ?? word.text;
    if (word.key === undefined && name !== 'disabled') reportFlag(word, report);
    else if (name.startsWith(LABEL_PREFIX)) labels.push(word);
    else if (name.startsWith(HEADER_PREFIX)) headers.push(word);
    else if (pushOptions.has(name)) readOption(word, options, report);
    else reportUnknown(word, name, report);
  }
  return {
    ...options,
    ...readMembers('labels', LABEL_PREFIX, labels, report),
    ...readMembers('headers', HEADER_PREFIX, headers, report),
  };
}

/** `labels.NAME=VALUE` or `header.NAME=VALUE`, one word a member. Each is looked at alone first, to point at the wrong one. */
function readMembers(
  option: 'labels' | 'headers',
  prefix: string,
  words: readonly Word[],
  report: Reporter,
): PushOptions {
  const schema = pushOptionsSchema.shape[option];
  const members = new Map<string, string>();
  let refused = false;
  for (const { key, text, at } of words) {
    const name = key!.slice(prefix.length);
    const result = schema.safeParse({ [name]: text });
    if (!result.success) report.invalid(at, result.error);
    if (members.has(name)) report.warning('repeated_option', at, `${key} is given twice; the last one counts`);
    members.set(name, text);
    refused ||= !result.success;
  }
  if (members.size === 0 || refused) return {};
  const result = schema.safeParse(Object.fromEntries(members));
  if (result.success) return { [option]: result.data };
  report.invalid(words.at(-1)!.at, result.error);
  return {};
}

/** Options that say nothing to the protocol of the URL. They stay: the URL may change. */
function reportIdleOptions(url: string, words: readonly Word[], report: Reporter): void {
  const scheme = url.slice(0, url.indexOf(':')).toLowerCase();
  const isHls = /^hlss?$/.test(scheme);
  const isHttp = !/^rtmps?$/.test(scheme);
  for (const { key = '', at } of words) {
    const isIdle = key.startsWith(HEADER_PREFIX)
      ? !isHttp
      : /^(?:hls_|s3_)/.test(key) && pushOptions.has(key) && !isHls;
    if (isIdle) report.warning('idle_option', at, `${key} has no effect on a push with ${scheme}://`);
  }
}

function readOption(word: Word, options: Record<string, unknown>, report: Reporter): void {
  const name = (word.key ?? word.text) as keyof typeof pushOptionsSchema.shape;
  if (name in options) report.warning('repeated_option', word.at, `${name} is given twice; the last one counts`);
  const result = pushOptionsSchema.shape[name].safeParse(wireValue(name, word));
  if (result.success) options[name] = result.data;
  else report.invalid(word.at, result.error, unitHint(word.text));
}

const textOptions: ReadonlySet<string> = new Set(['comment', 'pool', 'hls_profile', 'hls_method', 's3_region']);

/** The value as the wire has it. What does not fit stays a text, for the schema to refuse. */
function wireValue(name: string, { key, text }: Word): unknown {
  if (nullWords.get(name) === text || (name === 'retry_limit' && text === 'unlimited')) return null;
  if (name === 'disabled') return key === undefined || readBoolean(text);
  if (name === 'hls_delete') return readBoolean(text);
  return textOptions.has(name) ? text : readNumber(text);
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
    report.warning('unknown_option', at, `push has no ${what}; it has no effect`, hintFor(name));
  }
}

/** `headers.X=` is a likely slip for `header.X=`. What follows the dot is not repeated: it may be a piece of the URL. */
function hintFor(name: string): string | undefined {
  const dot = name.indexOf('.') + 1;
  const prefix = dot === 0 ? undefined : nearest(name.slice(0, dot), [HEADER_PREFIX, LABEL_PREFIX]);
  return prefix === undefined ? didYouMean(name, pushOptions) : `did you mean '${prefix}NAME=VALUE'?`;
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
