import { setTimeout as sleep } from 'node:timers/promises';
import { spawnOwned } from '@pushfleet/cli/owned-process';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { descendants, isRunning, runningProcesses } from '../harness/process-table.ts';
import { until } from '../harness/until.ts';
import { ScratchRepository } from './scratch-repository.ts';

/** Stands for the fleet: has a child of its own, and writes down each signal before it ends cleanly, `--slow` only when it is told twice. */
const FLEET = `
  import { spawn } from 'node:child_process';
  import { appendFileSync } from 'node:fs';
  const child = spawn('sleep', ['300']);
  let ending = process.argv.includes('--slow') ? 2 : 1;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      appendFileSync('signals', signal + ' ');
      if (--ending === 0) setTimeout(() => { child.kill(); process.exit(0); }, 100);
    });
  }
  console.log('serving', process.argv.slice(2).join(' '));
`;

let scratch: ScratchRepository;
beforeAll(async () => {
  scratch = await ScratchRepository.create();
  await scratch.write('apps/cli/src/main.ts', FLEET);
});
afterAll(() => scratch.remove());

let processes: readonly number[] = [];
/** A test that fails has found survivors: they must not survive it too. */
afterEach(() => {
  for (const pid of processes.filter(isRunning)) process.kill(pid, 'SIGKILL');
});

/** Runs `npm start` up to the point where the fleet serves; tells the processes that it consists of. */
async function npmStart(...args: string[]) {
  await scratch.write('signals', '');
  const npm = spawnOwned('npm', ['start', '--', '--processes', '2', ...args], {
    cwd: scratch.path,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [npm.stdout, npm.stderr]) stream?.on('data', (text) => (output += text));
  await until(() => output.includes('serving'), {
    what: () => `the fleet to serve, got: ${output}`,
  });
  const family = descendants(npm.pid!);
  const script = scriptProcess(family);
  processes = [npm.pid!, ...family];
  return { npm, script, output, family: processes };
}

/** The process of scripts/run.mjs: the parent of the only process that leads a group of its own and has children. */
function scriptProcess(family: readonly number[]): number {
  const rows = runningProcesses().filter(({ pid }) => family.includes(pid));
  const leader = rows.find(({ pid, group }) => pid === group && rows.some(({ parentPid }) => parentPid === pid));
  return leader!.parentPid;
}

const allGone = (pids: readonly number[]) => until(() => !pids.some(isRunning), { what: `the end of ${pids}` });

describe('npm start', () => {
  it('runs the demo, with the arguments it is given', async () => {
    const { npm, output, family } = await npmStart();
    expect(output).toContain('serving up --demo --config examples/pushfleet.conf --processes 2');
    npm.kill('SIGTERM');
    await allGone(family);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('ends the fleet cleanly on %s to npm', async (signal) => {
    const { npm, family } = await npmStart();
    expect(family.length).toBeGreaterThanOrEqual(4);
    npm.kill(signal);
    await allGone(family);
    expect(await scratch.read('signals')).toMatch(/^SIG(INT|TERM) $/);
  });

  it('hands Ctrl-C, which the terminal sends to every process in the foreground, to the fleet once', async () => {
    const { npm, family } = await npmStart();
    process.kill(-npm.pid!, 'SIGINT');
    await allGone(family);
    expect(await scratch.read('signals')).toBe('SIGINT ');
  });

  it('hands a second Ctrl-C of an impatient person on as well', async () => {
    const { npm, family } = await npmStart('--slow');
    process.kill(-npm.pid!, 'SIGINT');
    await until(async () => (await scratch.read('signals')) === 'SIGINT ', { what: 'the first signal' });
    await sleep(600); // longer than the echo of one Ctrl-C through npm counts as the same
    process.kill(-npm.pid!, 'SIGINT');
    await allGone(family);
    expect(await scratch.read('signals')).toBe('SIGINT SIGINT ');
  });

  it('ends the fleet cleanly when npm gets kill -9', async () => {
    const { npm, family } = await npmStart();
    npm.kill('SIGKILL');
    await allGone(family);
    expect(await scratch.read('signals')).toBe('SIGTERM ');
  });

  it('ends the fleet cleanly when scripts/run.mjs gets kill -9', async () => {
    const { script, family } = await npmStart();
    process.kill(script, 'SIGKILL');
    await allGone(family);
    expect(await scratch.read('signals')).toBe('SIGTERM ');
  });
});
