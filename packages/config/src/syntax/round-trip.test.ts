import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ConfigNode, directive, nowhere, option, type Word, word } from './ast.ts';
import { formatDiagnostic } from './format.ts';
import { parseConfig } from './parser.ts';
import { printConfig } from './printer.ts';

/** A tree without positions. */
const shape = (nodes: readonly ConfigNode[]): unknown =>
  JSON.parse(JSON.stringify(nodes, (key, value: unknown) => (key === 'at' ? undefined : value)));

const anyText = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', '#x', '"', "'", 'k=v', 'a;b', ' '),
);
const anyWord: fc.Arbitrary<Word> = fc.oneof(
  anyText.map(word),
  anyText.map((text) => ({ ...word(text), quoted: true })),
  fc.tuple(fc.stringMatching(/^[a-z_][a-z0-9_.-]{0,8}$/), anyText).map(([key, text]) => option(key, text)),
);
const anyName = fc.oneof(fc.constantFrom('stream', 'push', 'disabled', 'a=b', 'a="'), anyText);
const anyComment: fc.Arbitrary<ConfigNode> = fc.record({
  type: fc.constant('comment' as const),
  text: anyText.map((text) => text.replaceAll('\n', ' ').trimEnd()),
  inline: fc.boolean(),
  at: fc.constant(nowhere),
});

/** Comments can stand only beside a directive or the `{` of their block. */
const placed = (nodes: ConfigNode[], isBlock: boolean): ConfigNode[] =>
  nodes.map((node, index) => {
    if (node.type === 'directive') return node;
    const before = nodes[index - 1];
    return { ...node, inline: node.inline && (before === undefined ? isBlock : before.type === 'directive') };
  });

const { nodes: anyNodes } = fc.letrec<{ nodes: ConfigNode[]; node: ConfigNode }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    anyComment,
    fc.tuple(anyName, fc.array(anyWord, { maxLength: 4 })).map(([name, words]) => directive(name, words)),
    fc
      .tuple(anyName, fc.array(anyWord, { maxLength: 2 }), tie('nodes'))
      .map(([name, words, block]) => directive(name, words, placed(block, true))),
  ),
  nodes: fc.array(tie('node'), { maxLength: 5 }),
}));

const pieces = [
  'stream',
  'push',
  'input',
  'dvr',
  'u',
  ' ',
  '  ',
  '\n',
  '\r\n',
  ';',
  '{',
  '}',
  '"',
  "'",
  '#',
  '=',
  'k=',
  '\\',
  '\uFEFF',
];
const configLikeText = fc.array(fc.constantFrom(...pieces, 'rtmp://h/a/k?x=#y', '\u00a0', 'é', '\u2028'), {
  maxLength: 60,
});

describe('printing and reading again', () => {
  it('gives any tree back', () => {
    fc.assert(
      fc.property(anyNodes, (nodes) => {
        const tree = placed(nodes, false);
        const { ast, diagnostics } = parseConfig(printConfig(tree));
        expect(diagnostics).toEqual([]);
        expect(shape(ast)).toEqual(shape(tree));
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['of config words', configLikeText.map((parts) => parts.join('')), 2000],
    ['of anything', fc.string({ unit: 'binary' }), 500],
  ])('gives back what was understood of a text %s, however wrong', (_, anySource, numRuns) => {
    fc.assert(
      fc.property(anySource, (source) => {
        const { ast, diagnostics } = parseConfig(source);
        const again = parseConfig(printConfig(ast));
        expect(again.diagnostics).toEqual([]);
        expect(shape(again.ast)).toEqual(shape(ast));
        for (const diagnostic of diagnostics) formatDiagnostic(diagnostic, source);
      }),
      { numRuns },
    );
  });

  it('writes one directive a line, with its comments', () => {
    const text = '# head\nstream   x{push u a="b c"  disabled;# why\n\n#own\nhttp 80;}';
    expect(printConfig(parseConfig(text).ast)).toBe(
      '# head\nstream x {\n  push u a="b c" disabled;  # why\n  #own\n  http 80;\n}\n',
    );
  });
});
