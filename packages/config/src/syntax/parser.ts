import { didYouMean } from '../nearest.ts';
import { directiveNames, statementWords } from '../vocabulary.ts';
import type { Comment, ConfigNode, Directive, Position, Word } from './ast.ts';
import { type Diagnostic, Diagnostics } from './diagnostic.ts';
import { Lexer } from './lexer.ts';

/** 100,000 pushes are 8 MB; a bigger text is not a config. */
export const MAX_SOURCE_BYTES = 10 * 1024 * 1024;
/** Real files nest two deep. The limit keeps the recursion of parser and printer small. */
export const MAX_DEPTH = 32;

export interface ParseOptions {
  /** Name of the file, for the diagnostics. */
  readonly file?: string;
}

export interface ParsedConfig {
  readonly ast: ConfigNode[];
  readonly diagnostics: Diagnostic[];
}

/**
 * Reads config text. Never throws: mistakes become diagnostics, several in one pass, and the tree holds what could be
 * understood. Whatever was read, `parseConfig(printConfig(ast))` gives the same tree again.
 */
export function parseConfig(text: string, options: ParseOptions = {}): ParsedConfig {
  const diagnostics = new Diagnostics(options.file);
  const ast = parseInto(text, diagnostics);
  return { ast, diagnostics: diagnostics.list() };
}

/** `parseConfig` for callers that go on collecting. */
export function parseInto(text: string, diagnostics: Diagnostics): ConfigNode[] {
  if (Buffer.byteLength(text) > MAX_SOURCE_BYTES) {
    const start = { line: 1, column: 1, offset: 0, end: 1 };
    diagnostics.error('too_large', start, `the text is larger than ${MAX_SOURCE_BYTES / 1024 / 1024} MB`);
    return [];
  }
  return new Parser(text, diagnostics).parse();
}

/** The directive whose block is being read. */
interface Opener {
  readonly name: Word | undefined;
  readonly brace: Position;
}

class Parser {
  readonly #lexer: Lexer;
  readonly #diagnostics: Diagnostics;
  #depth = 0;
  /** Where the last directive ended. */
  #end = { line: 0, offset: 0 };
  /** The word read last is a string without end. */
  #isTorn = false;

  constructor(text: string, diagnostics: Diagnostics) {
    this.#lexer = new Lexer(text);
    this.#diagnostics = diagnostics;
  }

  parse(): ConfigNode[] {
    this.#lexer.next();
    return this.#nodes(undefined);
  }

  /** Reads up to the `}` that closes the opener's block, which is left to the caller, or to the end of the text. */
  #nodes(opener: Opener | undefined): ConfigNode[] {
    const lexer = this.#lexer;
    const nodes: ConfigNode[] = [];
    for (;;) {
      switch (lexer.kind) {
        case 'word':
          if (opener !== undefined && this.#leavesBlock(opener)) return this.#unclosed(opener, nodes);
          nodes.push(this.#directive(nodes));
          break;
        case 'comment':
          nodes.push(this.#comment(this.#isInline(nodes, opener)));
          break;
        case ';':
          lexer.next();
          break;
        case '{':
          this.#diagnostics.error('nameless_block', lexer.at, "this '{' follows no directive");
          this.#block(undefined);
          break;
        case '}':
          if (opener !== undefined) return nodes;
          this.#diagnostics.error('stray_brace', lexer.at, "this '}' closes nothing", 'remove it');
          lexer.next();
          break;
        case 'end':
          return opener === undefined ? nodes : this.#unclosed(opener, nodes);
      }
    }
  }

  /** `siblings` take the comments that stand between the words. */
  #directive(siblings: ConfigNode[]): Directive {
    const name = this.#word(true);
    const words: Word[] = [];
    let block: ConfigNode[] | undefined;
    for (let isOpen = true; isOpen; ) {
      const last = words.at(-1) ?? name;
      if (this.#isTorn) {
        isOpen = false;
        block = this.#endTorn(name, last);
      } else if (this.#lexer.kind === 'comment') {
        siblings.push(this.#comment(false));
      } else if (this.#lexer.kind === 'word' && !this.#startsDirective(name)) {
        words.push(this.#word(false));
      } else {
        isOpen = false;
        block = this.#endDirective(name, last);
      }
    }
    return { type: 'directive', name, words, block, at: { ...name.at, end: this.#end.offset } };
  }

  /** At what is neither word nor comment, or at a word that begins the next directive. Returns the block if there is one. */
  #endDirective(name: Word, last: Word): ConfigNode[] | undefined {
    const { kind, line, end } = this.#lexer;
    if (kind === '{') return this.#block(name);
    if (kind === ';') {
      this.#endAt(line, end);
      this.#lexer.next();
      return undefined;
    }
    this.#missingSemicolon(name, last);
    this.#endAt(last.at.line, last.at.end);
    return undefined;
  }

  /** After a string without end, which has probably swallowed the `;` or `{`. */
  #endTorn(name: Word, last: Word): ConfigNode[] | undefined {
    this.#isTorn = false;
    this.#endAt(last.at.line, last.at.end);
    return last.text.endsWith('{') ? this.#blockAfter({ name, brace: last.at }) : undefined;
  }

  #word(isName: boolean): Word {
    const lexer = this.#lexer;
    const at = lexer.at;
    const { text, key, quoted } = lexer;
    if (lexer.unterminated) {
      this.#isTorn = true;
      this.#diagnostics.error(
        'unterminated_string',
        at,
        'the string has no closing quote on its line',
        'add the quote',
      );
    }
    lexer.next();
    if (isName && key !== undefined) return { text: `${key}=${text}`, key: undefined, quoted, at };
    return { text, key, quoted, at };
  }

  #comment(inline: boolean): Comment {
    const { text, at } = this.#lexer;
    this.#lexer.next();
    return { type: 'comment', text, inline, at };
  }

  #isInline(nodes: readonly ConfigNode[], opener: Opener | undefined): boolean {
    const last = nodes.at(-1);
    if (last === undefined) return opener?.brace.line === this.#lexer.line;
    return last.type === 'directive' && this.#end.line === this.#lexer.line;
  }

  /** The block whose `{` is the current token. */
  #block(name: Word | undefined): ConfigNode[] {
    const brace = this.#lexer.at;
    if (this.#depth >= MAX_DEPTH) {
      this.#diagnostics.error('too_deep', brace, `blocks are nested more than ${MAX_DEPTH} deep`);
      this.#skipBlock();
      return [];
    }
    this.#lexer.next();
    return this.#blockAfter({ name, brace });
  }

  #blockAfter(opener: Opener): ConfigNode[] {
    this.#depth++;
    const nodes = this.#nodes(opener);
    this.#depth--;
    this.#closeBrace();
    return nodes;
  }

  #skipBlock(): void {
    let open = 0;
    do {
      if (this.#lexer.kind === '{') open++;
      if (this.#lexer.kind === '}') open--;
      if (open > 0) this.#lexer.next();
    } while (open > 0 && this.#lexer.kind !== 'end');
    this.#closeBrace();
  }

  #closeBrace(): void {
    this.#endAt(this.#lexer.line, this.#lexer.end);
    if (this.#lexer.kind === '}') this.#lexer.next();
  }

  #endAt(line: number, offset: number): void {
    this.#end = { line, offset };
  }

  /** A `;` was forgotten when the line begins with what must be, or by its indentation is, a new directive. */
  #startsDirective(name: Word): boolean {
    const { startsLine, quoted, key, text, column } = this.#lexer;
    if (!startsLine || quoted || key !== undefined) return false;
    return statementWords.has(text) || (column <= name.at.column && directiveNames.has(text));
  }

  /** A `}` was forgotten when `stream` begins a line without being indented more than the block it would be in. */
  #leavesBlock({ name }: Opener): boolean {
    const { startsLine, text, line, column } = this.#lexer;
    if (name === undefined || !startsLine || text !== 'stream') return false;
    return line > name.at.line && column <= name.at.column;
  }

  #missingSemicolon(name: Word, last: Word): void {
    const { line, column, offset, end } = last.at;
    const after = { line, column: column + end - offset, offset: end, end: end + 1 };
    const hint = last === name ? didYouMean(name.text, directiveNames) : undefined;
    this.#diagnostics.error('missing_semicolon', after, `missing ';' after '${shown(name)}'`, hint ?? "add ';'");
  }

  #unclosed({ name, brace }: Opener, nodes: ConfigNode[]): ConfigNode[] {
    const what = name === undefined ? 'this block' : `'${shown(name)}'`;
    this.#diagnostics.error('unclosed_block', name?.at ?? brace, `${what} is never closed`, "add '}'");
    return nodes;
  }
}

/** A directive's name for a message. What is no plain word may be a secret that stands in the wrong place. */
const shown = ({ text }: Word): string => (/^[a-z_]\w{0,31}$/i.test(text) ? text : '...');
