import type { Position } from './ast.ts';

export type TokenKind = 'word' | 'comment' | ';' | '{' | '}' | 'end';

const NEWLINE = 0x0a;
const DOUBLE_QUOTE = 0x22;
const HASH = 0x23;
const SINGLE_QUOTE = 0x27;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;

const SPACE = 1;
const PUNCTUATION = 2;
const KEY_START = 4;
const KEY_PART = 8;
const ENDS_WORD = SPACE | PUNCTUATION;

/** What each ASCII character can do, as a set of the flags above. */
const abilities = new Uint8Array(128);
for (const code of [0x09, NEWLINE, 0x0b, 0x0c, 0x0d, 0x20]) abilities[code] = SPACE;
for (const char of ';{}') abilities[char.charCodeAt(0)] = PUNCTUATION;
for (const char of '0123456789.-') abilities[char.charCodeAt(0)] = KEY_PART;
for (const char of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_') {
  abilities[char.charCodeAt(0)] = KEY_START | KEY_PART;
}

/** No-break space and byte order mark separate words as a space does: pasted text is full of them. */
const abilityOf = (code: number): number =>
  code < 128 ? abilities[code]! : code === 0xa0 || code === 0xfeff ? SPACE : 0;

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/**
 * Splits config text into tokens, one at a time: `next()` moves on, the fields tell what stands there. The language is contextual:
 * `;` ends a word even inside a URL, `#` begins a comment only at the start of a word, quotes count only at the start of a word or
 * of an option's value. Strings and comments end with their line, so lexing may begin at the start of any line.
 */
export class Lexer {
  kind: TokenKind = 'end';
  /** A word without its quotes, the value of `key=value`, or what follows the `#` of a comment. */
  text = '';
  key: string | undefined;
  quoted = false;
  /** The string lacks its closing quote; it was read up to the end of the line. */
  unterminated = false;
  /** No other token stands before this one on its line. */
  startsLine = true;
  line = 1;
  column = 1;
  offset = 0;
  end = 0;

  readonly #source: string;
  #lineStart = 0;

  constructor(source: string, offset = 0, line = 1) {
    this.#source = source;
    this.#lineStart = offset;
    this.end = offset;
    this.line = line;
  }

  /** Position of the current token. */
  get at(): Position {
    return { line: this.line, column: this.column, offset: this.offset, end: this.end };
  }

  next(): TokenKind {
    this.#skipSpace();
    this.column = this.offset - this.#lineStart + 1;
    this.kind = this.#read();
    return this.kind;
  }

  #skipSpace(): void {
    const source = this.#source;
    let offset = this.end;
    this.startsLine = offset === this.#lineStart;
    for (; offset < source.length; offset++) {
      const code = source.charCodeAt(offset);
      if (code === NEWLINE) {
        this.line++;
        this.#lineStart = offset + 1;
        this.startsLine = true;
      } else if ((abilityOf(code) & SPACE) === 0) break;
    }
    this.offset = offset;
  }

  #read(): TokenKind {
    const { offset } = this;
    if (offset >= this.#source.length) {
      this.end = offset;
      return 'end';
    }
    const code = this.#source.charCodeAt(offset);
    if ((abilityOf(code) & PUNCTUATION) !== 0) {
      this.end = offset + 1;
      return this.#source[offset] as TokenKind;
    }
    if (code === HASH) return this.#readComment();
    this.key = undefined;
    this.quoted = false;
    this.unterminated = false;
    if (code === DOUBLE_QUOTE || code === SINGLE_QUOTE) this.#readString(offset, code);
    else this.#readBareWord();
    return 'word';
  }

  #readComment(): TokenKind {
    const newline = this.#source.indexOf('\n', this.offset);
    this.end = newline < 0 ? this.#source.length : newline;
    this.text = this.#source.slice(this.offset + 1, this.end).trimEnd();
    return 'comment';
  }

  #readBareWord(): void {
    const source = this.#source;
    let valueStart = this.offset;
    let mayBeKey = (abilityOf(source.charCodeAt(valueStart)) & KEY_START) !== 0;
    let offset = this.offset;
    for (; offset < source.length; offset++) {
      const code = source.charCodeAt(offset);
      const ability = abilityOf(code);
      if ((ability & ENDS_WORD) !== 0) break;
      if (!mayBeKey || (ability & KEY_PART) !== 0) continue;
      mayBeKey = false;
      if (code !== EQUALS) continue;
      this.key = source.slice(this.offset, offset);
      valueStart = offset + 1;
      const quote = source.charCodeAt(valueStart);
      if (quote !== DOUBLE_QUOTE && quote !== SINGLE_QUOTE) continue;
      this.#readString(valueStart, quote);
      return;
    }
    this.text = source.slice(valueStart, offset);
    this.end = offset;
  }

  #readString(start: number, quote: number): void {
    const source = this.#source;
    let offset = start + 1;
    let plainStart = offset;
    let text = '';
    this.quoted = true;
    for (; ; offset++) {
      const code = source.charCodeAt(offset); // NaN at the end
      if (code === quote) break;
      if (offset >= source.length || code === NEWLINE) {
        this.unterminated = true;
        break;
      }
      if (code !== BACKSLASH || offset + 1 >= source.length || source.charCodeAt(offset + 1) === NEWLINE) continue;
      const escaped = source[offset + 1]!;
      text += source.slice(plainStart, offset) + (escapes[escaped] ?? escaped);
      plainStart = offset + 2;
      offset++;
    }
    this.text = text + source.slice(plainStart, offset);
    if (this.unterminated) this.text = this.text.trimEnd();
    this.end = this.unterminated ? offset : offset + 1;
  }
}
