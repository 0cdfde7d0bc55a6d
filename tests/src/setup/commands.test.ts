import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { lockFile, ScratchRepository } from './scratch-repository.ts';

let scratch: ScratchRepository;
beforeAll(async () => {
  scratch = await ScratchRepository.create();
});
afterAll(() => scratch.remove());

const runScript = (command: string, env: NodeJS.ProcessEnv = {}) =>
  scratch.run(process.execPath, ['scripts/run.mjs', command], env);

describe('the set-up', () => {
  /** Stands for npm: writes down what it was asked and, as npm ci does, takes its time and leaves a working Node. */
  const fakeNpm = `
    const { appendFileSync, copyFileSync, rmSync, symlinkSync } = require('node:fs');
    appendFileSync('npm-calls', process.argv.slice(2).join(' ') + '\\n');
    rmSync('node_modules/.bin/node', { force: true });
    rmSync('node_modules/.package-lock.json', { force: true });
    setTimeout(() => {
      symlinkSync(${JSON.stringify(process.execPath)}, 'node_modules/.bin/node');
      copyFileSync('package-lock.json', 'node_modules/.package-lock.json');
    }, 500);
  `;
  let env: NodeJS.ProcessEnv;

  beforeEach(async () => {
    await scratch.write('npm-calls', '');
    await scratch.write('fake-npm/package.json', '{}'); // CommonJS
    await scratch.write('fake-npm/npm.js', fakeNpm);
    env = { npm_execpath: join(scratch.path, 'fake-npm', 'npm.js') };
  });

  const npmCalls = async () => (await scratch.read('npm-calls')).split('\n').filter(Boolean);

  it('installs when the lock file has changed, and only then', async () => {
    await scratch.write('package-lock.json', lockFile('1.0.1'));
    expect(await runScript('check', env)).toMatchObject({ code: 0 });
    expect(await runScript('check', env)).toMatchObject({ code: 0 });
    expect(await npmCalls()).toEqual(['ci --no-audit --no-fund --loglevel=error']);
  });

  it('installs nothing when a person has done it', async () => {
    await scratch.write('package-lock.json', lockFile('1.1.0'));
    await scratch.write('node_modules/.package-lock.json', lockFile('1.1.0'));
    expect(await runScript('check', env)).toMatchObject({ code: 0 });
    expect(await npmCalls()).toEqual([]);
  });

  it('installs once when two commands start at the same time', async () => {
    await scratch.write('package-lock.json', lockFile('1.0.2'));
    const both = await Promise.all([runScript('check', env), runScript('check', env)]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(await npmCalls()).toHaveLength(1);
  });

  it('takes the lock of a set-up that was killed', async () => {
    await scratch.write('.pushfleet/setup.lock/owner', '999999999');
    expect(await runScript('check', env)).toMatchObject({ code: 0 });
  });

  it('installs again when the pinned Node is broken', async () => {
    await scratch.run('rm', ['node_modules/.bin/node']);
    await scratch.write('node_modules/.bin/node', '', 0o755);
    expect(await runScript('check', env)).toMatchObject({ code: 0 });
    expect(await npmCalls()).toHaveLength(1);
  });

  it('says in one sentence what a person has to do when a program is missing and cannot be installed', async () => {
    const { ensureTools } = await import(join(scratch.path, 'scripts', 'setup', 'tools.mjs'));
    const tool = { title: 'Redis', isInstalled: () => false, packages: {}, alternative: 'set REDIS_URL' };
    await expect(ensureTools([{ ...tool, packages: { apt: [] } }])).rejects.toThrow(/^Missing: Redis.*set REDIS_URL/);
  });

  it('ends with exit code 2 and the usage for an unknown command', async () => {
    const { code, output } = await runScript('tset');
    expect(code).toBe(2);
    expect(output).toContain('<start|test|check|screenshots|bench>');
  });
});

describe('npm test', () => {
  it('prints what the checks found and counts it as a failure', async () => {
    await scratch.write('node_modules/.bin/turbo', '#!/bin/sh\necho "worker.ts(3,1): error TS2322"\nexit 1\n', 0o755);
    const { code, output } = await scratch.run('npm', ['test']);
    expect(code).toBe(1);
    expect(output).toMatch(/error TS2322.*\n0 passed, 1 failed\n/s);
  });
});

describe('.ci/run', () => {
  const runCi = async (testCommand: string) => {
    await scratch.write(
      'package.json',
      JSON.stringify({ name: 'scratch', private: true, scripts: { test: testCommand } }),
    );
    const { code, output } = await scratch.run('.ci/run', []);
    return { code, last: output.trimEnd().split('\n').at(-1) };
  };

  it.each([
    ['passes on what npm test counted', 'echo 7 passed, 0 failed', 0, '7 passed, 0 failed'],
    ['passes skipped tests on', 'echo 7 passed, 0 failed, 2 skipped', 0, '7 passed, 0 failed, 2 skipped'],
    ['fails when a test failed', 'echo 6 passed, 1 failed; exit 1', 1, '6 passed, 1 failed'],
    ['fails when npm test succeeds without a word', 'true', 1, '0 passed, 1 failed'],
    ['fails when npm test dies after its closing line', 'echo 7 passed, 0 failed; exit 3', 1, '7 passed, 1 failed'],
    ['fails when there was no test at all', 'echo 0 passed, 0 failed', 1, '0 passed, 0 failed'],
    ['gives tests no standard input', 'read line && exit 1; echo 1 passed, 0 failed', 0, '1 passed, 0 failed'],
  ])('%s', async (_, command, code, last) => {
    expect(await runCi(command)).toEqual({ code, last });
  });
});
