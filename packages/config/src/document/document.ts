// What a config text says: its streams with their pushes, each with its place in the text.
import { didYouMean } from '../nearest.ts';
import { type PushSpec, type StreamSpec, streamSpecSchema } from '../options.ts';
import { type ConfigNode, type Directive, type Position, wholeText } from '../syntax/ast.ts';
import { type Diagnostic, Diagnostics } from '../syntax/diagnostic.ts';
import { parseInto } from '../syntax/parser.ts';
import { foreignGlobalDirectives, globalDirectives, streamDirectives } from '../vocabulary.ts';
import type { PushLine } from './push-line.ts';
import { Reporter, shownName } from './reporter.ts';
import { oneWord, readSettings, type Settings } from './settings.ts';

export interface ConfigStream {
  readonly spec: StreamSpec & { readonly inputs: string[]; readonly pushes: PushSpec[] };
  /** Of the whole block. */
  readonly position: Position;
  /** Of each of `spec.pushes`; a push that comes from a template stands in that template. */
  readonly pushPositions: readonly Position[];
}

export interface ConfigDocument {
  /** In the order of the text. */
  readonly streams: readonly ConfigStream[];
  /** Directives at the top of the text that mean nothing to us. */
  readonly ignored: readonly Directive[];
}

export interface CheckedConfig {
  /** Undefined when the text has errors. */
  readonly document: ConfigDocument | undefined;
  /** In the order of the text. */
  readonly diagnostics: Diagnostic[];
}

/** Reads and checks config text. Never throws; `file` is the name that the diagnostics show. */
export function checkConfig(text: string, options: { readonly file?: string } = {}): CheckedConfig {
  const diagnostics = new Diagnostics(options.file);
  const ast = parseInto(text, diagnostics);
  const document = readDocument(ast, diagnostics);
  return { document: diagnostics.hasErrors ? undefined : document, diagnostics: diagnostics.list() };
}

/** The meaning of a tree. What is wrong is reported and left out. */
export function readDocument(ast: readonly ConfigNode[], diagnostics: Diagnostics): ConfigDocument {
  const report = new Reporter(diagnostics);
  const directives = ast.filter((node) => node.type === 'directive');
  const templates = readTemplates(directives, report);
  const streams = new Map<string, ConfigStream>();
  const ignored: Directive[] = [];
  for (const directive of directives) {
    const name = directive.name.text;
    if (name === 'stream') addStream(streams, directive, templates, report);
    else if (name !== 'template') {
      ignored.push(directive);
      reportForeign(directive, report);
    }
  }
  reportSharedTargets([...streams.values()], report);
  report.finish();
  return { streams: [...streams.values()], ignored };
}

/** Templates may stand after the streams that use them. */
function readTemplates(directives: readonly Directive[], report: Reporter): Map<string, Settings> {
  const templates = new Map<string, Settings>();
  for (const directive of directives) {
    if (directive.name.text !== 'template') continue;
    const block = blockOf(directive, report);
    const name = oneWord(directive, report);
    if (name === undefined || block === undefined) continue;
    const settings = readSettings(block, report);
    if (settings.template !== undefined) {
      report.warning('nested_template', settings.template.at, 'a template cannot use another template');
    }
    const key = wholeText(name);
    if (templates.has(key))
      report.error('duplicate_template', name.at, `template '${shownName(key)}' is defined twice`);
    else templates.set(key, settings);
  }
  return templates;
}

function addStream(
  streams: Map<string, ConfigStream>,
  directive: Directive,
  templates: ReadonlyMap<string, Settings>,
  report: Reporter,
): void {
  const block = blockOf(directive, report);
  const word = oneWord(directive, report);
  const own = readSettings(block ?? [], report);
  if (word === undefined) return;
  const name = wholeText(word);
  const checked = streamSpecSchema.shape.name.safeParse(name);
  const twin = streams.get(name);
  if (!checked.success) report.invalid(word.at, checked.error);
  else if (twin !== undefined) {
    const hint = `the first one is on line ${twin.position.line}`;
    report.error('duplicate_stream', word.at, `stream '${name}' is defined twice`, hint);
  } else streams.set(name, streamOf(name, directive, merged(templateOf(own, templates, report), own)));
}

function templateOf(own: Settings, templates: ReadonlyMap<string, Settings>, report: Reporter): Settings | undefined {
  if (own.template === undefined) return undefined;
  const name = wholeText(own.template);
  const template = templates.get(name);
  if (template === undefined) {
    const hint = didYouMean(name, templates.keys());
    report.error('unknown_template', own.template.at, `there is no template '${shownName(name)}'`, hint);
  }
  return template;
}

/**
 * What the stream says wins: each setting, the inputs as a whole, and each push by its URL. The template's other pushes come first.
 */
function merged(template: Settings | undefined, own: Settings): Settings {
  if (template === undefined) return own;
  const ownUrls = new Set(own.pushes.map(({ spec }) => spec.url));
  const inherited = template.pushes.filter(({ spec }) => !ownUrls.has(spec.url));
  return {
    scalars: { ...template.scalars, ...own.scalars },
    inputs: own.inputs.length > 0 ? own.inputs : template.inputs,
    pushes: [...inherited, ...own.pushes],
    template: own.template,
  };
}

function streamOf(name: string, { at }: Directive, { scalars, inputs, pushes }: Settings): ConfigStream {
  return {
    spec: { name, ...scalars, inputs: [...inputs], pushes: pushes.map(({ spec }: PushLine) => spec) },
    position: at,
    pushPositions: pushes.map(({ position }) => position),
  };
}

function blockOf(directive: Directive, report: Reporter): readonly ConfigNode[] | undefined {
  const name = directive.name.text;
  if (directive.block === undefined) {
    report.error('missing_block', directive.name.at, `${name} needs a block`, `write ${name} NAME { ... }`);
  }
  return directive.block;
}

function reportForeign(directive: Directive, report: Reporter): void {
  const { text, at } = directive.name;
  const hint = 'move it into stream NAME { ... }';
  if (foreignGlobalDirectives.has(text)) report.ignored(text, at);
  else if (text === 'push') report.error('misplaced_directive', at, 'push stands outside of a stream', hint);
  else if (streamDirectives.has(text)) {
    report.warning('misplaced_directive', at, `${text} stands outside of a stream and has no effect`, hint);
  } else report.unknownDirective(directive, [...globalDirectives, ...streamDirectives, ...foreignGlobalDirectives]);
}

/** Two streams on one target throw each other out, unless only one of them is on. */
function reportSharedTargets(streams: readonly ConfigStream[], report: Reporter): void {
  const owners = new Map<string, string>();
  for (const { spec, pushPositions } of streams) {
    if (spec.disabled === true) continue;
    for (const [index, { url, disabled }] of spec.pushes.entries()) {
      if (disabled === true) continue;
      const owner = owners.get(url);
      if (owner === undefined) owners.set(url, spec.name);
      else {
        const message = `stream '${spec.name}' pushes to the same URL as stream '${owner}'`;
        report.warning('shared_target', pushPositions[index]!, message);
      }
    }
  }
}
