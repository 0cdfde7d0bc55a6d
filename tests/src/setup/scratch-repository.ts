import { type ExecFileException, execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const REPOSITORY = join(import.meta.dirname, '..', '..', '..');

export interface Outcome {
  readonly code: number;
  readonly output: string;
}

/** A lock file with one package, in two platform builds of which only one can be installed. */
export function lockFile(version: string): string {
  const packages = {
    '': {},
    'node_modules/library': { version },
    'node_modules/library-for-beos': { version, optional: true },
  };
  return JSON.stringify({ packages });
}

/** The repository's own scripts around contents that a test chooses: how the commands behave, without what they usually run. */
export class ScratchRepository {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** With the pinned Node, dependencies that count as installed, and a turbo for which all is well. */
  static async create(): Promise<ScratchRepository> {
    const scratch = new ScratchRepository(await mkdtemp(join(tmpdir(), 'pushfleet-commands-')));
    for (const path of ['scripts', '.ci', 'apps/cli/src/reaper.sh']) {
      await cp(join(REPOSITORY, path), join(scratch.path, path), { recursive: true });
    }
    const { scripts } = JSON.parse(await readFile(join(REPOSITORY, 'package.json'), 'utf8'));
    await scratch.write('package.json', JSON.stringify({ name: 'scratch', private: true, type: 'module', scripts }));
    await scratch.write('package-lock.json', lockFile('1.0.0'));
    await scratch.write('node_modules/.package-lock.json', lockFile('1.0.0'));
    await mkdir(join(scratch.path, 'node_modules', '.bin'), { recursive: true });
    await symlink(process.execPath, join(scratch.path, 'node_modules', '.bin', 'node'));
    await scratch.write('node_modules/.bin/turbo', '#!/bin/sh\nexit 0\n', 0o755);
    return scratch;
  }

  async write(path: string, text: string, mode = 0o644): Promise<void> {
    const file = join(this.path, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text, { mode });
  }

  read(path: string): Promise<string> {
    return readFile(join(this.path, path), 'utf8');
  }

  /** Runs a command in it to its end; output is stdout and stderr, one after the other. */
  run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
    return new Promise((resolve) => {
      const options = { cwd: this.path, env: { ...process.env, ...env } };
      execFile(command, [...args], options, (error: ExecFileException | null, stdout, stderr) => {
        const code = error === null ? 0 : Number(error.code ?? 1);
        resolve({ code, output: stdout + stderr });
      });
    });
  }

  remove(): Promise<void> {
    return rm(this.path, { recursive: true, force: true });
  }
}
