import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { RESULTS } from '../paths.ts';
import { CannotRun } from '../runner/cannot-run.ts';

const SOURCES = join(import.meta.dirname, '..', 'c');
const BINARIES = join(RESULTS, 'bin');
const PROGRAMS = ['sink', 'rtmp_source', 'rtmp_floor', 'http_floor'] as const;

export type Program = (typeof PROGRAMS)[number];

/** Why nothing can be measured here; undefined when it can. */
export function whyNoPrograms(): string | undefined {
  if (process.platform !== 'linux') return 'source, sink and floor of this benchmark are written for Linux';
  try {
    execFileSync('cc', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'there is no C compiler (cc), and source, sink and floor of this benchmark are C: install gcc or clang';
  }
}

/** Compiles what is missing or older than its source. Throws `CannotRun` where that is impossible. */
export function compilePrograms(): void {
  const reason = whyNoPrograms();
  if (reason !== undefined) throw new CannotRun(`This cannot be measured here: ${reason}.`);
  mkdirSync(BINARIES, { recursive: true });
  const newest = Math.max(...readdirSync(SOURCES).map((file) => statSync(join(SOURCES, file)).mtimeMs));
  for (const program of PROGRAMS) {
    const binary = pathOf(program);
    if ((statSync(binary, { throwIfNoEntry: false })?.mtimeMs ?? 0) > newest) continue;
    const args = ['-std=gnu11', '-O2', '-Wall', '-Wextra', '-o', binary, join(SOURCES, `${program}.c`)];
    execFileSync('cc', args, { stdio: 'inherit' });
  }
}

export const pathOf = (program: Program): string => join(BINARIES, program);
