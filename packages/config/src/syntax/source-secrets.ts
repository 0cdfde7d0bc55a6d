import { nearest } from '../nearest.ts';
import { type SecretSpan, shifted, span, spansOf, textSecrets, urlSecrets } from '../secret-spans.ts';
import {
  directiveNames,
  foreignInputOptions,
  foreignPushOptions,
  inputOptions,
  isHeaderOption,
  isSecretDirective,
  isSecretOption,
  LABEL_PREFIX,
  looksLikeOption,
  pushOptions,
  statementWords,
  urlDirectives,
} from '../vocabulary.ts';
import { Lexer } from './lexer.ts';

/** A directive that spans more lines than this is not looked at as a whole. */
const MAX_LINES_BACK = 20;

/**
 * The secrets of one line of config text, relative to its start: those of every URL, passwords and keys, and what stands
 * beside a push URL without being a word of the language, since it may well be a piece of that URL.
 */
export function sourceSecrets(source: string, lineStart: number, lineEnd: number): SecretSpan[] {
  const spans = textSecrets(source.slice(lineStart, lineEnd));
  const lexer = new Lexer(source.slice(0, lineEnd), startOfContext(source, lineStart));
  let name: string | undefined;
  let index = 0;
  while (lexer.next() !== 'end') {
    if (lexer.kind === 'comment') continue;
    if (lexer.kind !== 'word') {
      name = undefined;
    } else if (name === undefined || startsDirective(lexer)) {
      [name, index] = [lexer.text, 0];
    } else if (lexer.offset >= lineStart) {
      spans.push(...wordSecrets(source, lexer, name, index).map((secret) => shifted(secret, -lineStart)));
      index++;
    } else index++;
  }
  return spansOf(spans);
}

/** Lexing may begin at any line; a few lines more tell which directive the words belong to. */
function startOfContext(source: string, lineStart: number): number {
  let start = lineStart;
  for (let lines = 0; lines < MAX_LINES_BACK && start > 0; lines++) start = source.lastIndexOf('\n', start - 2) + 1;
  return start;
}

/** As in the parser when a `;` is missing, but without regard to the indentation. */
const startsDirective = ({ startsLine, quoted, key, text }: Lexer): boolean =>
  startsLine && !quoted && key === undefined && (statementWords.has(text) || directiveNames.has(text));

/** Secrets of the `index`-th word after the name of a directive. */
function wordSecrets(source: string, word: Lexer, name: string, index: number): SecretSpan[] {
  const { key, offset, end } = word;
  const whole = span(offset, end);
  const value = key !== undefined && looksLikeOption(key) ? span(offset + key.length + 1, end) : whole;
  const hasUrl = urlDirectives.has(name);
  if (isSecretDirective(name)) return [whole];
  if (key !== undefined && isHeaderOption(key)) return [span(offset + key.length + 1, end)];
  if (hasUrl && index === 0 && !isOption(word)) return urlWordSecrets(source, word);
  if (key !== undefined && isSecretOption(key)) return [value];
  return hasUrl && !isOption(word) ? [value] : [];
}

function urlWordSecrets(source: string, { offset, end, quoted, unterminated }: Lexer): SecretSpan[] {
  const from = quoted ? offset + 1 : offset;
  const to = quoted && !unterminated ? end - 1 : end;
  return urlSecrets(source.slice(from, to)).map((secret) => shifted(secret, from));
}

/** A word of the language or one mistyped. */
function isOption({ key, text }: Lexer): boolean {
  const name = key ?? text;
  if (name.startsWith(LABEL_PREFIX)) return true;
  if (name.includes('.')) return false; // the name of a header, mistyped
  const options = [pushOptions, inputOptions, foreignPushOptions, foreignInputOptions];
  return options.some((known) => known.has(name) || nearest(name, known) !== undefined);
}
