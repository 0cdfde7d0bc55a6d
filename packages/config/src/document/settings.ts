import type { z } from 'zod';
import { didYouMean } from '../nearest.ts';
import { type StreamSpec, streamSpecSchema } from '../options.ts';
import { inputUrlProblem } from '../schemes.ts';
import { type ConfigNode, type Directive, type Word, wholeText } from '../syntax/ast.ts';
import { foreignInputOptions, foreignStreamDirectives, inputOptions, streamDirectives } from '../vocabulary.ts';
import { type PushLine, readBoolean, readNumber, readPush, unitHint } from './push-line.ts';
import type { Reporter } from './reporter.ts';

/** Settings with one value. */
export type ScalarSettings = Omit<StreamSpec, 'name' | 'inputs' | 'pushes'>;

/** What the block of a `stream` or `template` says. */
export interface Settings {
  readonly scalars: ScalarSettings;
  /** In order of priority. */
  readonly inputs: readonly string[];
  readonly pushes: readonly PushLine[];
  /** The word after `template`. */
  readonly template: Word | undefined;
}

interface Input {
  readonly url: string;
  /** Lower comes first; without one it comes last, in the order of the file. */
  readonly priority: number;
}

export function readSettings(block: readonly ConfigNode[], report: Reporter): Settings {
  const scalars: Record<string, unknown> = {};
  const inputs: Input[] = [];
  const pushes = new Map<string, PushLine>();
  let template: Word | undefined;
  for (const node of block) {
    if (node.type === 'comment') continue;
    switch (node.name.text) {
      case 'input':
      case 'url':
        inputs.push(...readInput(node, report));
        break;
      case 'push':
        addPush(pushes, readPush(node, report), report);
        break;
      case 'template':
        template = oneWord(node, report) ?? template;
        break;
      default:
        readScalar(node, scalars, report);
    }
  }
  const ordered = inputs.toSorted((a, b) => a.priority - b.priority).map(({ url }) => url);
  return { scalars, inputs: [...new Set(ordered)], pushes: [...pushes.values()], template };
}

/** Two pushes of one stream to one URL would throw each other out. */
function addPush(pushes: Map<string, PushLine>, push: PushLine | undefined, report: Reporter): void {
  if (push === undefined) return;
  const first = pushes.get(push.spec.url);
  if (first === undefined) pushes.set(push.spec.url, push);
  else {
    const message = `this push has the URL of the one on line ${first.position.line} and is left out`;
    report.warning('duplicate_push', push.position, message);
  }
}

function readInput(input: Directive, report: Reporter): Input[] {
  const [first, ...rest] = input.words;
  if (first === undefined) {
    report.error('missing_url', input.name.at, `${input.name.text} names no URL`, 'write input URL;');
    return [];
  }
  const url = wholeText(first);
  const problem = inputUrlProblem(url);
  if (problem !== undefined) {
    report.urlProblem(first.at, problem, 'the input is left out');
    return [];
  }
  return [{ url, priority: readPriority(rest, report) }];
}

function readPriority(words: readonly Word[], report: Reporter): number {
  let priority = Number.POSITIVE_INFINITY;
  for (const { key, text, at } of words) {
    const name = key ?? text;
    if (key === 'priority') {
      if (/^\d{1,9}$/.test(text)) priority = Number(text);
      else report.error('bad_value', at, 'priority must be a whole number');
    } else if (foreignInputOptions.has(name)) report.ignored(name, at);
    else {
      const hint = didYouMean(name, [...inputOptions, ...foreignInputOptions]);
      report.warning('unknown_option', at, 'this option of the input is not known and has no effect', hint);
    }
  }
  return priority;
}

function readScalar(setting: Directive, scalars: Record<string, unknown>, report: Reporter): void {
  const { name, words } = setting;
  if (!isScalar(setting, report)) return;
  const value = scalarValue(setting, report);
  if (value === undefined) return;
  if (name.text in scalars) {
    report.warning('repeated_setting', name.at, `${name.text} is given twice; the last one counts`);
  }
  const schema: z.ZodType = streamSpecSchema.shape[name.text as keyof ScalarSettings];
  const result = schema.safeParse(value);
  if (result.success) scalars[name.text] = result.data;
  else report.invalid(words[0]?.at ?? name.at, result.error, unitHint(String(value)));
}

/** Whether a directive sets something of ours. What does not is reported. */
function isScalar(setting: Directive, report: Reporter): boolean {
  const { text, at } = setting.name;
  const isOurs = streamDirectives.has(text);
  if (foreignStreamDirectives.has(text)) report.ignored(text, at);
  else if (!isOurs) report.unknownDirective(setting, [...streamDirectives, ...foreignStreamDirectives]);
  else if (setting.block !== undefined) {
    report.error('unexpected_block', at, `${text} takes no block`, `write ${text} VALUE;`);
  }
  return isOurs && setting.block === undefined;
}

/** The value as the wire has it; what does not fit stays a text, for the schema to refuse. Undefined was reported. */
function scalarValue(setting: Directive, report: Reporter): unknown {
  const { name, words } = setting;
  if (name.text === 'disabled' && words.length === 0) return true;
  if (name.text === 'title' || name.text === 'comment') return words.map(wholeText).join(' ');
  const word = oneWord(setting, report);
  if (word === undefined) return undefined;
  const text = wholeText(word);
  if (name.text === 'password') return text;
  return name.text === 'disabled' ? readBoolean(text) : readNumber(text);
}

/** The only word of a directive. */
export function oneWord({ name, words }: Directive, report: Reporter): Word | undefined {
  const [first, second] = words;
  if (first === undefined)
    report.error('missing_value', name.at, `${name.text} needs a value`, `write ${name.text} VALUE;`);
  else if (second !== undefined)
    report.warning('extra_words', second.at, `${name.text} takes one value; the rest has no effect`);
  return first;
}
