export type TokenKind = 'directive' | 'key' | 'url' | 'string' | 'comment' | 'punctuation';

export interface LineToken {
  /** Offsets in the line; `to` is behind the last character. */
  readonly from: number;
  readonly to: number;
  readonly kind: TokenKind;
}

const pattern =
  /(?<comment>(?<=^|[\s;{}])#.*)|(?<string>"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?)|(?<punctuation>[;{}])|(?<word>[^\s;{}]+)/gu;

/**
 * One line of the config language in the parts that have a colour. For colours only: a line is taken to begin with a directive, which
 * nearly all do. What is right and wrong is told by the scheduler.
 */
export function lineTokens(line: string): LineToken[] {
  const tokens: LineToken[] = [];
  let isDirective = true;
  for (const { index: from, 0: text, groups } of line.matchAll(pattern)) {
    const to = from + text.length;
    const { comment, string, punctuation } = groups as Partial<Record<'comment' | 'string' | 'punctuation', string>>;
    if (comment !== undefined) tokens.push({ from, to, kind: 'comment' });
    else if (punctuation !== undefined) tokens.push({ from, to, kind: 'punctuation' });
    else if (isDirective) tokens.push({ from, to, kind: 'directive' });
    else if (string !== undefined) tokens.push({ from, to, kind: 'string' });
    else tokens.push(...wordTokens(text, from));
    isDirective = punctuation !== undefined || (isDirective && comment !== undefined);
  }
  return tokens;
}

function wordTokens(word: string, from: number): LineToken[] {
  const to = from + word.length;
  const key = /^[A-Za-z_][\w.-]*=/.exec(word)?.[0];
  if (key !== undefined) return [{ from, to: from + key.length, kind: 'key' }];
  return /^[a-z][\w+.-]*:\/\//i.test(word) ? [{ from, to, kind: 'url' }] : [];
}
