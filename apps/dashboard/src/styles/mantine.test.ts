import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { expect, it } from 'vitest';

const MANTINE = dirname(createRequire(import.meta.url).resolve('@mantine/core/styles.css'));
const SOURCE = join(import.meta.dirname, '..');
/** Styles of components that have a folder in common with a used one. */
const unused = new Set(['CheckboxCard', 'CheckboxIndicator', 'Radio']);

/** Names of components that the page imports. */
function usedComponents(): string[] {
  const imports = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.tsx'))
    .flatMap((name) => [
      ...readFileSync(join(SOURCE, name), 'utf8').matchAll(/import \{(.*)\} from '@mantine\/core'/g),
    ]);
  return [...new Set(imports.flatMap(([, names = '']) => names.split(',').map((name) => name.trim())))];
}

/** Names of all components that these are made of, as their files import one another. */
function partsOf(components: readonly string[]): Set<string> {
  const index = readFileSync(join(MANTINE, 'esm/index.mjs'), 'utf8');
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const [, path = ''] of readFileSync(file, 'utf8').matchAll(/from "(\.[^"]+)"/g))
      visit(join(dirname(file), path));
  };
  for (const name of components) {
    const path = new RegExp(`import \\{[^}]*\\b${name}\\b[^}]*\\} from "(\\.[^"]+)"`).exec(index)?.[1];
    if (path !== undefined) visit(join(MANTINE, 'esm', path));
  }
  return new Set([...seen].map((file) => basename(dirname(file))));
}

it('has the styles of every component that is used, and of what it is made of', () => {
  const sheet = readFileSync(join(import.meta.dirname, 'mantine.css'), 'utf8');
  const styled = [...partsOf(usedComponents())].filter((name) => existsSync(join(MANTINE, `styles/${name}.layer.css`)));
  expect(styled).toContain('Modal');
  const missing = styled.filter((name) => !unused.has(name) && !sheet.includes(`/${name}.layer.css`));
  expect(missing).toEqual([]);
});
