import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { WORKER_ALLOCATOR, WORKER_NODE_OPTIONS } from '@pushfleet/contract/worker-process';
import { expect, it } from 'vitest';

/** What a process that restarts lean knows of itself at the end. */
async function run(options: readonly string[] = [], stdio: 'pipe' | 'ipc' = 'pipe', nodeOptions?: string) {
  const program = `
    import { restartLean } from ${JSON.stringify(import.meta.resolve('./restart-lean.ts'))};
    restartLean();
    const { pid, execArgv, argv, env } = process;
    console.log(JSON.stringify({ pid, execArgv, last: argv.at(-1), env }));
    process.channel?.unref();`;
  const { MALLOC_ARENA_MAX, GLIBC_TUNABLES, NODE_OPTIONS, ...env } = process.env;
  const child = spawn(process.execPath, [...options, '--input-type=module', '--eval', program, 'worker'], {
    env: nodeOptions === undefined ? env : { ...env, NODE_OPTIONS: nodeOptions },
    stdio: stdio === 'ipc' ? ['ignore', 'pipe', 'inherit', 'ipc'] : ['ignore', 'pipe', 'inherit'],
  });
  const [output] = await Promise.all([text(child.stdout!), once(child, 'exit')]);
  const told = JSON.parse(output) as { pid: number; execArgv: string[]; last: string; env: NodeJS.ProcessEnv };
  return { ...told, isSamePid: told.pid === child.pid };
}

it('gives the process the options of a worker under the id and with the arguments that it has', async () => {
  const told = await run();
  expect(told.execArgv).toEqual(expect.arrayContaining([...WORKER_NODE_OPTIONS]));
  expect(told).toMatchObject({ isSamePid: true, last: 'worker', env: WORKER_ALLOCATOR });
});

it('leaves alone what somebody has chosen by NODE_OPTIONS', async () => {
  const { execArgv } = await run([], 'pipe', '--max_semi_space_size=4');
  expect(execArgv.filter((option) => option.startsWith('--max'))).toEqual([]);
  expect(execArgv).toContain(WORKER_NODE_OPTIONS[1]);
});

it('leaves alone what somebody has chosen himself', async () => {
  const { execArgv } = await run(['--max-semi-space-size=4']);
  expect(execArgv.filter((option) => option.startsWith('--max-semi-space-size'))).toEqual(['--max-semi-space-size=4']);
});

it('does not cut a child off from its parent', async () => {
  const told = await run([], 'ipc');
  expect(told.execArgv).not.toContain(WORKER_NODE_OPTIONS[0]);
  for (const name of Object.keys(WORKER_ALLOCATOR)) expect(told.env).not.toHaveProperty(name);
});
