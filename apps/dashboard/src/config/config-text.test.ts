import { describe, expect, it } from 'vitest';
import { caretLine, countSeverities, diagnosticMessage } from './diagnostic-text.ts';
import { lineTokens } from './line-tokens.ts';
import { diffLines, nearChanges } from './text-diff.ts';

describe('the colours of a line', () => {
  const parts = (line: string) => lineTokens(line).map(({ from, to, kind }) => `${kind} ${line.slice(from, to)}`);

  it.each([
    ['stream news {', ['directive stream', 'punctuation {']],
    [
      '  push rtmp://a.example/live/*** retry_limit=5 disabled; # why',
      ['directive push', 'url rtmp://a.example/live/***', 'key retry_limit=', 'punctuation ;', 'comment # why'],
    ],
    [
      'title "Evening # news"; disabled;',
      ['directive title', 'string "Evening # news"', 'punctuation ;', 'directive disabled', 'punctuation ;'],
    ],
    ['# a comment alone', ['comment # a comment alone']],
    ['input rtmp://a/b#c;', ['directive input', 'url rtmp://a/b#c', 'punctuation ;']],
    ['title "no end', ['directive title', 'string "no end']],
    ['', []],
  ])('%s', (line, expected) => expect(parts(line)).toEqual(expected));
});

describe('the line below a mistake', () => {
  it.each([
    ['  push rtm://x;', { column: 8, length: 7 }, '       ^^^^^^^'],
    ['\t\tpush x;', { column: 8, length: 1 }, '\t\t     ^'],
    ['abc', { column: 4, length: 1 }, '   ^'],
    ['abc', { column: 2, length: 99 }, ' ^^'],
  ])('has its carets under the place in %j', (line, place, expected) => expect(caretLine(line, place)).toBe(expected));

  it('says what is wrong and what to write instead', () => {
    expect(diagnosticMessage({ message: "unknown directive 'pusch'", hint: "did you mean 'push'?" })).toBe(
      "unknown directive 'pusch'; did you mean 'push'?",
    );
    expect(diagnosticMessage({ message: 'a URL is missing' })).toBe('a URL is missing');
  });

  it('is counted by its severity', () => {
    const one = { code: 'x', message: 'x', line: 1, column: 1, length: 1 };
    const severities = ['error', 'warning', 'error'] as const;
    const counts = countSeverities(severities.map((severity) => ({ ...one, severity })));
    expect(counts).toEqual({ errors: 2, warnings: 1, notes: 0 });
  });
});

describe('the difference of two texts', () => {
  const signs = { same: ' ', removed: '-', added: '+' } as const;
  const diff = (a: string, b: string) => diffLines(a, b).map(({ change, text }) => signs[change] + text);

  it.each([
    ['a\nb\nc\n', 'a\nb\nc\n', [' a', ' b', ' c']],
    ['a\nb\nc', 'a\nx\nc', [' a', '-b', '+x', ' c']],
    ['', 'a\nb', ['+a', '+b']],
    ['a\nb', '', ['-a', '-b']],
    ['a\nb\nc\nd', 'b\nc\ne\nd', ['-a', ' b', ' c', '+e', ' d']],
    ['x\nx', 'x\nx\nx', [' x', ' x', '+x']],
  ])('of %j and %j', (a, b, expected) => expect(diff(a, b)).toEqual(expected));

  it('is told with some lines around it', () => {
    const text = Array.from({ length: 20 }, (_, i) => `line ${i}`);
    const near = nearChanges(diffLines(text.join('\n'), text.with(10, 'other').join('\n')), 2);
    expect(near.map((line) => line?.text ?? '…')).toEqual([
      '…',
      'line 8',
      'line 9',
      'line 10',
      'other',
      'line 11',
      'line 12',
      '…',
    ]);
  });
});
