import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type Import,
  importsOf,
  packageFolders,
  packageOf,
  ROOT,
  readManifest,
  readSources,
  resolveRelative,
  type SourceFile,
  trackedFiles,
} from './architecture/source-files.ts';

const sources = readSources();

/** Each import that `isWrong` objects to, as `file -> specifier`. */
function findImports(isWrong: (found: Import, file: SourceFile) => boolean, files = sources): string[] {
  return files.flatMap((file) =>
    file.imports.filter((found) => isWrong(found, file)).map(({ specifier }) => `${file.path} -> ${specifier}`),
  );
}

describe('packages', () => {
  /** A package imports only packages of a lower floor. Those of one floor do not know one another. */
  const floors: Readonly<Record<string, number>> = { protocols: 0, config: 0, contract: 1 };
  const APP_FLOOR = 2;
  const TESTS_FLOOR = 3;
  const floorOf = (folder: string): number =>
    folder === 'tests'
      ? TESTS_FLOOR
      : folder.startsWith('apps/')
        ? APP_FLOOR
        : (floors[basename(folder)] ?? Number.NaN);
  const folderOf = (name: string): string | undefined =>
    packageFolders.find((folder) => name === `@pushfleet/${basename(folder)}`);

  it('each have a floor', () => {
    expect(packageFolders.filter((folder) => Number.isNaN(floorOf(folder)))).toEqual([]);
  });

  it('import only what lies below them', () => {
    const isUpward = ({ specifier }: Import, file: SourceFile) => {
      if (file.package === 'apps/cli' && specifier.endsWith('/main')) return false; // it starts the others
      const target = folderOf(packageOf(specifier) ?? '');
      return target !== undefined && target !== file.package && floorOf(target) >= floorOf(file.package);
    };
    expect(findImports(isUpward)).toEqual([]);
  });

  it('reach one another by name and not by path', () => {
    const leaves = ({ specifier }: Import, file: SourceFile) =>
      specifier.startsWith('.') && !resolveRelative(file.path, specifier).startsWith(`${file.package}/`);
    expect(findImports(leaves)).toEqual([]);
  });

  it('declare what they import', () => {
    const rootTools = Object.keys(readManifest('.').devDependencies ?? {});
    const isUndeclared = ({ specifier }: Import, file: SourceFile) => {
      const name = packageOf(specifier);
      if (name === undefined) return false;
      const { dependencies = {}, devDependencies = {} } = readManifest(file.package);
      const isDeclared = name in dependencies || name in devDependencies || name === readManifest(file.package).name;
      return !isDeclared && !(file.isTest && rootTools.includes(name));
    };
    expect(findImports(isUndeclared)).toEqual([]);
  });

  it.each(packageFolders)('have one shape: %s', (folder) => {
    const manifest = readManifest(folder);
    const version = readManifest('packages/protocols').version;
    expect(manifest).toMatchObject({
      name: `@pushfleet/${basename(folder)}`,
      version,
      private: true,
      type: 'module',
      license: 'MIT',
      scripts: { typecheck: expect.stringContaining('tsc') },
    });
    const pins = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(pins.filter(([, pin]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(pin))).toEqual([]);
    const tsconfig = JSON.parse(readFileSync(join(ROOT, folder, 'tsconfig.json'), 'utf8'));
    expect(tsconfig.extends).toMatch(/^(\.\.\/)+tsconfig\.base\.json$/);
    const missing = Object.values(manifest.exports ?? {}).filter((file) => !existsSync(join(ROOT, folder, file)));
    expect(missing).toEqual([]);
  });
});

describe('packages/protocols', () => {
  /** Folders from the ground up; the protocols share the top floor and do not import one another. */
  const ladder = ['bytes', 'media', 'codec', 'container', 'packager', 'publisher', 'http'];
  const protocols = ['rtmp', 'tshttp', 'hls', 'm4s'];
  const prefix = 'packages/protocols/src/';
  const files = sources.filter(({ path, isTest }) => path.startsWith(prefix) && !isTest);

  const floorOf = (path: string): { name: string; floor: number } => {
    const name = path.slice(prefix.length).split('/')[0]!;
    if (name.endsWith('.ts')) return { name, floor: ladder.length + 1 }; // index.ts and its like know everything
    return { name, floor: protocols.includes(name) ? ladder.length : ladder.indexOf(name) };
  };

  it('has no folder without a place on the ladder', () => {
    expect(files.map(({ path }) => path).filter((path) => floorOf(path).floor < 0)).toEqual([]);
  });

  it('imports down the ladder only, types apart', () => {
    const isUpward = ({ specifier, isType }: Import, file: SourceFile) => {
      if (isType || !specifier.startsWith('.')) return false;
      const from = floorOf(file.path);
      const to = floorOf(resolveRelative(file.path, specifier));
      return to.floor > from.floor || (to.floor === from.floor && to.name !== from.name);
    };
    expect(findImports(isUpward, files)).toEqual([]);
  });

  it('needs nothing but Node, apart from what reads playlists and keeps connections for uploads', () => {
    const libraries = new Set(['hls-parser', 'undici']);
    const isForeign = ({ specifier }: Import, { path }: SourceFile) =>
      packageOf(specifier) !== undefined && !(path.startsWith(`${prefix}hls/`) && libraries.has(specifier));
    expect(findImports(isForeign, files)).toEqual([]);
  });

  it('knows no environment, no console and no process', () => {
    const offenders = files.filter(({ path }) => /\b(process|console)\./.test(code(path)));
    expect(offenders.map(({ path }) => path)).toEqual([]);
  });
});

describe('modules', () => {
  it('name their neighbours with the .ts ending that Node needs', () => {
    const hasNoEnding = ({ specifier }: Import) =>
      specifier.startsWith('.') && !/\.(tsx?|css|json|svg)$/.test(specifier);
    expect(findImports(hasNoEnding)).toEqual([]);
  });

  it('import only files that are there', () => {
    const isMissing = ({ specifier }: Import, file: SourceFile) =>
      specifier.startsWith('.') && !existsSync(join(ROOT, resolveRelative(file.path, specifier)));
    expect(findImports(isMissing)).toEqual([]);
  });

  it('form no circle', () => {
    expect(findCycles(sources)).toEqual([]);
  });
});

describe('tracked files', () => {
  const texts = trackedFiles()
    .map((path) => ({ path, bytes: readFileSync(join(ROOT, path)) }))
    .filter(({ bytes }) => !bytes.includes(0))
    .map(({ path, bytes }) => ({ path, text: bytes.toString() }));
  const linesWith = (pattern: RegExp) =>
    texts.flatMap(({ path, text }) =>
      text.split('\n').flatMap((line) => (pattern.test(line) ? [`${path}: ${line.trim()}`] : [])),
    );

  it('hold no path of a machine', () => {
    expect(linesWith(/(?<![\w./-])\/(?:home|Users|root|work)\/[\w.-]/)).toEqual([]);
  });

  it('hold no host of a package registry', () => {
    expect(linesWith(/registry\.(?:npmjs|npmmirror|yarnpkg)\b|"resolved":\s*"http/)).toEqual([]);
  });
});

describe('the reader of imports', () => {
  it('sees every way to import', () => {
    const source = [
      `import { a } from './a.ts';`,
      `import type { B } from './b.ts';`,
      `import {\n  c,\n  d,\n} from './c.ts';`,
      `import './d.ts';`,
      `export * from './e.ts';`,
      `export type { F } from './f.ts';`,
      `const g = await ${'import'}('./g.ts');`,
      `// import { h } from './h.ts';`,
      `export const text = 'i';`,
      `import E, { type J } from "./j.ts";`,
    ].join('\n');
    expect(importsOf(source).map(({ specifier, isType }) => `${specifier}${isType ? ' type' : ''}`)).toEqual([
      './a.ts',
      './b.ts type',
      './c.ts',
      './d.ts',
      './e.ts',
      './f.ts type',
      './j.ts',
      './g.ts',
    ]);
  });

  it('finds circles, and takes type imports for none', () => {
    const file = (path: string, specifier: string, isType = false): SourceFile => ({
      path,
      package: 'p',
      isTest: false,
      imports: [{ specifier, isType }],
    });
    expect(findCycles([file('p/a.ts', './b.ts'), file('p/b.ts', './c.ts'), file('p/c.ts', './b.ts')])).toEqual([
      'p/b.ts -> p/c.ts -> p/b.ts',
    ]);
    expect(findCycles([file('p/a.ts', './b.ts'), file('p/b.ts', './a.ts', true)])).toEqual([]);
  });
});

/** The source of a file without comments. */
function code(path: string): string {
  const source = readFileSync(join(ROOT, path), 'utf8');
  return source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '');
}

/** Circles of imports that remain when TypeScript has erased the types. */
function findCycles(files: readonly SourceFile[]): string[] {
  const edges = new Map(
    files.map(({ path, imports }) => [
      path,
      imports
        .filter(({ specifier, isType }) => specifier.startsWith('.') && !isType)
        .map(({ specifier }) => resolveRelative(path, specifier)),
    ]),
  );
  const cycles: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) cycles.push([...trail.slice(trail.indexOf(path)), path].join(' -> '));
    if (done.has(path)) return;
    done.add(path);
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
  };
  for (const path of edges.keys()) visit(path, []);
  return cycles;
}
