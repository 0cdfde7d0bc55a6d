import type { Comment, ConfigNode, Directive, Word } from './ast.ts';

const INDENT = '  ';

/** Config text of a tree, one directive a line. Reads back as the same tree, positions apart. */
export function printConfig(ast: readonly ConfigNode[]): string {
  const lines: string[] = [];
  printNodes(ast, '', lines);
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

function printNodes(nodes: readonly ConfigNode[], indent: string, lines: string[]): void {
  for (const node of nodes) {
    if (node.type === 'directive') printDirective(node, indent, lines);
    else printComment(node, indent, lines);
  }
}

function printDirective({ name, words, block }: Directive, indent: string, lines: string[]): void {
  const head = indent + [name, ...words].map(printWord).join(' ');
  if (block === undefined) {
    lines.push(`${head};`);
    return;
  }
  lines.push(`${head} {`);
  printNodes(block, indent + INDENT, lines);
  lines.push(`${indent}}`);
}

function printComment({ text, inline }: Comment, indent: string, lines: string[]): void {
  if (inline && lines.length > 0) lines[lines.length - 1] += `  #${text}`;
  else lines.push(`${indent}#${text}`);
}

function printWord({ key, text, quoted }: Word): string {
  const prefix = key === undefined ? '' : `${key}=`;
  return prefix + (quoted ? quote(text) : text);
}

const escapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '"': '\\"', '\\': '\\\\' };

const quote = (text: string): string => `"${text.replace(/[\n\r\t"\\]/g, (char) => escapes[char]!)}"`;
