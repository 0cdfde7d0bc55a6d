/** Where a node stands in its text. Line and column count from 1, columns and offsets in UTF-16 code units; `end` is exclusive. */
export interface Position {
  readonly line: number;
  readonly column: number;
  readonly offset: number;
  readonly end: number;
}

/** One word: `disabled`, `"two words"`, `retry_timeout=10`. */
export interface Word {
  /** The text without quotes and escapes; of `key=value` the value. */
  readonly text: string;
  /** What stands before the `=` of a bare `key=value`. */
  readonly key: string | undefined;
  readonly quoted: boolean;
  readonly at: Position;
}

/** `name word word;` or `name word { ... }`. */
export interface Directive {
  readonly type: 'directive';
  /** Never has a key: a name may hold any character. */
  readonly name: Word;
  readonly words: readonly Word[];
  readonly block: readonly ConfigNode[] | undefined;
  /** From the name to the `;` or `}` that ends it. */
  readonly at: Position;
}

/** `# text` up to the end of its line. A comment between the words of a directive stands before that directive in the tree. */
export interface Comment {
  readonly type: 'comment';
  /** What follows the `#`. */
  readonly text: string;
  /** It stands on the line where the directive before it ends or the block around it begins. */
  readonly inline: boolean;
  readonly at: Position;
}

export type ConfigNode = Directive | Comment;

/** Position of nodes that were built and not read. */
export const nowhere: Position = { line: 0, column: 0, offset: 0, end: 0 };

/** A word that reads back as `text`, quoted if it must be. */
export const word = (text: string): Word => ({ text, key: undefined, quoted: mustBeQuoted(text), at: nowhere });

/** `key=value`, the value quoted if it must be. */
export const option = (key: string, value: string): Word => ({
  text: value,
  key,
  quoted: /[\s\uFEFF;{}]|^["']/.test(value),
  at: nowhere,
});

export const directive = (name: string, words: readonly Word[], block?: readonly ConfigNode[]): Directive => ({
  type: 'directive',
  name: { text: name, key: undefined, quoted: /^$|[\s\uFEFF;{}]|^(?:[a-z_][\w.-]*=)?["']|^#/i.test(name), at: nowhere },
  words,
  block,
  at: nowhere,
});

/** The word as it was before it was split at its `=`. */
export const wholeText = ({ key, text }: Word): string => (key === undefined ? text : `${key}=${text}`);

const mustBeQuoted = (text: string): boolean => /^$|[\s\uFEFF;{}]|^["'#]|^[a-z_][\w.-]*=/i.test(text);
