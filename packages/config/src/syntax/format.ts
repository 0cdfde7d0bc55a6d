import { maskedOffset, maskSpans, redactText } from '../redact.ts';
import type { Diagnostic } from './diagnostic.ts';
import { sourceSecrets } from './source-secrets.ts';

/** A line longer than this was not written by a person; it is not shown. */
const MAX_LINE_LENGTH = 10_000;
/** Columns shown of a long line, the caret in the middle. */
const VIEW_WIDTH = 120;

/**
 * A diagnostic for a terminal or a log: `file:line:col: error: message`, the line of `source` with a caret under the place, and
 * the hint. Secrets in the line are masked, control characters replaced.
 */
export function formatDiagnostic(diagnostic: Diagnostic, source: string): string {
  const { file = 'config', line, column, severity, message, hint } = diagnostic;
  const head = `${file}:${line}:${column}: ${severity}: ${redactText(message)}`;
  const foot = hint === undefined ? [] : [`hint: ${redactText(hint)}`];
  return [head, ...excerpt(diagnostic, source), ...foot].join('\n');
}

/** The source line and the line with the caret; empty when there is nothing to show. */
function excerpt({ line, column, length }: Diagnostic, source: string): string[] {
  const start = startOfLine(source, line);
  if (start < 0) return [];
  const newline = source.indexOf('\n', start);
  const end = newline < 0 ? source.length : newline;
  if (end - start > MAX_LINE_LENGTH || end === start) return [];

  const raw = source.slice(start, end);
  const secrets = sourceSecrets(source, start, end);
  const text = printable(maskSpans(raw, secrets));
  const caret = maskedOffset(raw, secrets, Math.min(column - 1, raw.length));
  const caretEnd = maskedOffset(raw, secrets, Math.min(column - 1 + length, raw.length));
  const from = Math.max(0, Math.min(caret - VIEW_WIDTH / 2, text.length - VIEW_WIDTH));
  const view = text.slice(from, from + VIEW_WIDTH);
  const pad = view
    .slice(0, caret - from)
    .replace(/[^\t]/g, ' ')
    .padEnd(caret - from);
  const tildes = Math.max(0, Math.min(caretEnd, from + VIEW_WIDTH) - caret - 1);
  return [`  ${view.trimEnd()}`, `  ${pad}^${'~'.repeat(tildes)}`];
}

/** Offset of the first character of a line, from 1; -1 when the text has fewer lines. */
function startOfLine(source: string, line: number): number {
  let start = 0;
  for (let current = 1; current < line; current++) {
    start = source.indexOf('\n', start) + 1;
    if (start === 0) return -1;
  }
  return line < 1 ? -1 : start;
}

/** Control characters would move the cursor or colour the terminal; a byte order mark would shift the caret. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const printable = (text: string): string => text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufeff]/g, ' ');
