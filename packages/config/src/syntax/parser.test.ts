import { describe, expect, it } from 'vitest';
import type { Directive } from './ast.ts';
import { MAX_SOURCE_BYTES, parseConfig } from './parser.ts';

const directives = (text: string): Directive[] => {
  const { ast, diagnostics } = parseConfig(text);
  expect(diagnostics).toEqual([]);
  return ast.filter((node) => node.type === 'directive');
};
const first = (text: string): Directive => directives(text)[0]!;
const texts = ({ words }: Directive): string[] => words.map(({ text }) => text);
const problems = (text: string): string[] =>
  parseConfig(text).diagnostics.map(({ line, column, code }) => `${line}:${column} ${code}`);

describe('reading words', () => {
  it('splits a push into its URL, options and flags', () => {
    const push = first('push rtmp://h:1935/live/S retry_timeout=10 retry_limit=5 disabled;');
    expect(push.name.text).toBe('push');
    expect(push.words.map(({ key, text }) => [key, text])).toEqual([
      [undefined, 'rtmp://h:1935/live/S'],
      ['retry_timeout', '10'],
      ['retry_limit', '5'],
      [undefined, 'disabled'],
    ]);
  });

  it.each([
    ['# at the start of a word begins a comment', 'push a # b;\n;', ['a']],
    [
      '# inside a word belongs to the word',
      'input srt://h:1?streamid=#!::r=x,m=publish;',
      ['srt://h:1?streamid=#!::r=x,m=publish'],
    ],
    ['a semicolon ends a word even inside a URL', 'push m4s://example.com/router;', ['m4s://example.com/router']],
    ['double quotes keep spaces and semicolons', 'title "a; b {c}";', ['a; b {c}']],
    ['single quotes too', 'title \'a "b"\';', ['a "b"']],
    ['escapes in quotes', 'title "a\\"b\\\\c\\n\\t";', ['a"b\\c\n\t']],
    ['quotes inside a word are ordinary characters', "title it's;", ["it's"]],
    ['quotes after a key', 'push u comment="two words";', ['u', 'two words']],
    ['an empty value', 'push u comment= pool="";', ['u', '', '']],
    ['the = of a query makes no key', 'push rtmp://h/a?x=1;', ['rtmp://h/a?x=1']],
    ['square brackets of placeholders', 'push hls://post.[HOST].net/[ID]/;', ['hls://post.[HOST].net/[ID]/']],
    ['words on following lines', 'push u\n  retry_timeout=10\n  disabled;', ['u', '10', 'disabled']],
    ['Windows line ends', 'push u\r\n  disabled;\r\n', ['u', 'disabled']],
    ['a byte order mark before the first word', '\uFEFFpush u;', ['u']],
    ['no-break spaces between words', 'push\u00a0u\u00a0disabled;', ['u', 'disabled']],
  ])('%s', (_, text, expected) => {
    expect(texts(first(text))).toEqual(expected);
  });

  it('tells a quoted word with = from an option', () => {
    expect(first('push "a=b";').words[0]).toMatchObject({ key: undefined, text: 'a=b', quoted: true });
  });

  it('gives every node its line, column, offset and end', () => {
    const text = 'stream x {\n  push "u v" a=b;\n}\n';
    const stream = first(text);
    const push = stream.block![0] as Directive;
    expect(stream.at).toEqual({ line: 1, column: 1, offset: 0, end: text.length - 1 });
    expect(push.at).toEqual({ line: 2, column: 3, offset: 13, end: 28 });
    expect(text.slice(push.at.offset, push.at.end)).toBe('push "u v" a=b;');
    expect(push.words.map(({ at }) => text.slice(at.offset, at.end))).toEqual(['"u v"', 'a=b']);
    expect(push.words[1]!.at).toMatchObject({ line: 2, column: 14 });
  });

  it('keeps comments, and knows which stand beside something', () => {
    const { ast } = parseConfig('# head\nstream x { # beside\n  # own line\n  push u; # after\n}');
    const block = (ast[1] as Directive).block!;
    expect(ast[0]).toMatchObject({ type: 'comment', text: ' head', inline: false });
    expect(block.map((node) => (node.type === 'comment' ? [node.text, node.inline] : 'push'))).toEqual([
      [' beside', true],
      [' own line', false],
      'push',
      [' after', true],
    ]);
  });
});

describe('mistakes', () => {
  it.each([
    [
      'a missing ; before a directive on the next line',
      'stream x {\n  input publish://\n  push u;\n}',
      ['2:19 missing_semicolon'],
    ],
    [
      'a missing ; before an equally indented known word',
      'stream x {\n  push u\n  dvr /x;\n}',
      ['2:9 missing_semicolon'],
    ],
    ['a missing ; before }', 'stream x { push u }', ['1:18 missing_semicolon']],
    ['a missing ; at the end', 'http 80', ['1:8 missing_semicolon']],
    ['a string without end', 'title "a b;\nhttp 80;', ['1:7 unterminated_string']],
    ['a stray }', 'http 80;\n}\nrtmp 1935;', ['2:1 stray_brace']],
    ['a block without end', 'stream x {\n  push u;\n', ['1:1 unclosed_block']],
    ['a block without end before the next stream', 'stream x {\n  push u;\nstream y { }\n', ['1:1 unclosed_block']],
    ['a block without a name', '{ push u; }', ['1:1 nameless_block']],
  ])('%s has a place', (_, text, expected) => {
    expect(problems(text)).toEqual(expected);
  });

  it('finds several in one pass and reads what lies between them', () => {
    const text = 'stream a {\n  input publish://\n  title "x;\n  push u;\n}\n}\nstream b { push v';
    const { ast } = parseConfig(text);
    expect(problems(text)).toEqual([
      '2:19 missing_semicolon',
      '3:9 unterminated_string',
      '6:1 stray_brace',
      '7:1 unclosed_block',
      '7:18 missing_semicolon',
    ]);
    expect(ast.map((node) => (node as Directive).block!.map((child) => (child as Directive).name.text))).toEqual([
      ['input', 'title', 'push'],
      ['push'],
    ]);
  });

  it('does not take a deeper word for a new directive, even when it is also the name of one', () => {
    expect(texts(first('push u\n     disabled;'))).toEqual(['u', 'disabled']);
  });

  it('stops at 32 levels and goes on behind them', () => {
    const deep = `${'a {'.repeat(40)}${'}'.repeat(40)}\nhttp 80;`;
    expect(problems(deep)).toEqual(['1:99 too_deep']);
    expect(parseConfig(deep).ast).toHaveLength(2);
  });

  it('lists at most 100 of a kind and says that there are more', () => {
    const { diagnostics } = parseConfig('}'.repeat(1000));
    expect(diagnostics).toHaveLength(101);
    expect(diagnostics.at(-1)!.code).toBe('too_many');
  });

  it('refuses more than 10 MB', () => {
    expect(problems('#'.repeat(MAX_SOURCE_BYTES))).toEqual([]);
    expect(problems('#'.repeat(MAX_SOURCE_BYTES + 1))).toEqual(['1:1 too_large']);
  });

  it('never quotes what may be a secret', () => {
    const { diagnostics } = parseConfig('rtmp://h/app/SECRET\nstream rtmp://h/app/SECRET {\n "SECRET');
    expect(diagnostics.length).toBeGreaterThan(1);
    expect(JSON.stringify(diagnostics)).not.toContain('SECRET');
  });

  it('names the file', () => {
    expect(parseConfig('}', { file: 'a.conf' }).diagnostics[0]).toMatchObject({ file: 'a.conf', length: 1 });
  });
});

it('reads 100,000 pushes in time linear to their length', () => {
  const push = (index: number) =>
    `  push rtmp://host${index}.example.com:1935/live/key-${index} retry_timeout=10 disabled;\n`;
  const text = `stream s {\n${Array.from({ length: 100_000 }, (_, index) => push(index)).join('')}}\n`;
  const start = performance.now();
  const { ast, diagnostics } = parseConfig(text);
  expect(performance.now() - start).toBeLessThan(10_000); // 0.2 s alone on the machine
  expect(diagnostics).toEqual([]);
  expect((ast[0] as Directive).block).toHaveLength(100_000);
});
