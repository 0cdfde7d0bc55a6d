import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

export const ROOT = join(import.meta.dirname, '..', '..', '..');

export interface Import {
  /** As it is written: `./x.ts`, `node:net`, `@pushfleet/config`. */
  readonly specifier: string;
  /** Gone after TypeScript has erased the types. */
  readonly isType: boolean;
}

export interface SourceFile {
  /** From the root of the repository, with `/`. */
  readonly path: string;
  /** Folder of its package: `packages/config`, `apps/cli`, `tests`. */
  readonly package: string;
  readonly isTest: boolean;
  readonly imports: readonly Import[];
}

/** Folders of all packages. */
export const packageFolders = globSync('{packages/*,apps/*,tests}/package.json', { cwd: ROOT })
  .map((file) => dirname(file).replaceAll('\\', '/'))
  .sort();

/** All TypeScript under the `src` of a package. Files of a `testing` folder count as tests: they serve nothing else. */
export function readSources(): SourceFile[] {
  return packageFolders.flatMap((folder) =>
    globSync(`${folder}/src/**/*.{ts,tsx}`, { cwd: ROOT }).map((file) => {
      const path = file.replaceAll('\\', '/');
      const isTest = folder === 'tests' || /\.(test|bench)\.tsx?$|\/testing\/|-test-kit\.ts$/.test(path);
      return { path, package: folder, isTest, imports: importsOf(readFileSync(join(ROOT, path), 'utf8')) };
    }),
  );
}

const STATEMENT = /^[ \t]*(?:import|export)\s+(type\s)?(?:[\w*{][^'"`;]*?\sfrom\s+)?(['"])([^'"\n]+)\2/gm;
const DYNAMIC = /\bimport\(\s*(['"])([^'"\n]+)\1/g;

/** Static and dynamic imports and re-exports of a module. */
export function importsOf(source: string): Import[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  return [
    ...[...code.matchAll(STATEMENT)].map(([, type, , specifier = '']) => ({ specifier, isType: type !== undefined })),
    ...[...code.matchAll(DYNAMIC)].map(([, , specifier = '']) => ({ specifier, isType: false })),
  ];
}

/** The file that a relative import means, from the root of the repository. */
export const resolveRelative = (from: string, specifier: string): string =>
  normalize(join(dirname(from), specifier)).replaceAll('\\', '/');

/** `@scope/name` or `name` of an import that is neither relative nor built in. */
export function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith('.') || specifier.startsWith('node:')) return undefined;
  return /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0];
}

/** What git knows, or would add; without git, nothing. */
export function trackedFiles(): string[] {
  if (!existsSync(join(ROOT, '.git'))) return [];
  const names = execFileSync('git', ['ls-files', '-z', '--cached'], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  return names.split('\0').filter((name) => name !== '' && existsSync(join(ROOT, name)));
}

export interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly type?: string;
  readonly version?: string;
  readonly license?: string;
  readonly exports?: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export const readManifest = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'));
