import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

const shim = fileURLToPath(new URL('../bin/pushfleet.mjs', import.meta.url));
/** Makes this Node say that it is an old one. */
const oldNode = [
  '--import',
  "data:text/javascript,Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })",
];

const run = async (args: string[]) => {
  const failed = ({ code, stderr }: { code: number; stderr: string }) => ({ code, stdout: '', stderr });
  return promisify(execFile)(process.execPath, args).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    failed,
  );
};

describe('bin/pushfleet.mjs', () => {
  /** An installation whose pinned Node is a script, so that a test sees how it is called. */
  let root: string;
  let copy: string;
  const pin = (script: string): void => {
    const bin = join(root, 'node_modules', '.bin');
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, 'node'), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, 'node'), 0o755);
  };
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'pushfleet-shim-'));
    copy = join(root, 'apps', 'cli', 'bin', 'pushfleet.mjs');
    cpSync(shim, copy);
  });
  afterAll(() => rmSync(root, { recursive: true }));

  it('runs the program in the same process when this Node can', async () => {
    expect(await run([shim, '--version'])).toMatchObject({ code: 0, stdout: '0.1.0\n' });
    expect(await run([shim, 'no-such-command'])).toMatchObject({ code: 2 });
  });

  it('looks for the pinned Node from its own place upwards, and says what is missing', async () => {
    const { code, stderr } = await run([...oldNode, copy, 'ls']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^pushfleet: Node 24\.15 or newer is needed, this is 20\.20\.2\./);
  });

  it('hands arguments, output and exit code through when this Node is too old', async () => {
    pin('echo "$@"; exit 6');
    const main = join(root, 'apps', 'cli', 'src', 'main.ts');
    const child = spawn(process.execPath, [...oldNode, copy, 'ls', '--stream', 'two words'], { stdio: 'pipe' });
    let stdout = '';
    child.stdout.on('data', (text) => (stdout += text));
    const [code] = await once(child, 'close');
    expect({ code, stdout }).toEqual({ code: 6, stdout: `${main} ls --stream two words\n` });
  });

  it('hands SIGTERM through and dies of what the program dies of', async () => {
    pin('trap "exit 0" TERM; echo ready; while kill -0 $PPID; do sleep 0.05; done');
    const child = spawn(process.execPath, [...oldNode, copy, 'up'], { stdio: 'pipe' });
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('takes the program with it when it is killed', async () => {
    const program = join(root, 'program.mjs');
    writeFileSync(program, "process.once('disconnect', () => process.exit()); console.log(process.pid);");
    pin(`exec ${process.execPath} ${program}`);
    const child = spawn(process.execPath, [...oldNode, copy, 'up'], { stdio: 'pipe' });
    const [pid] = await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await vi.waitFor(() => expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH'));
  });
});
