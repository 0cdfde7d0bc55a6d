import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { RtmpReceiver } from './demo/rtmp-receiver.ts';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const clip = fileURLToPath(new URL('../../../examples/clip.mp4', import.meta.url));

/** Nothing of the tests may meet a fleet that somebody really runs. */
const env: NodeJS.ProcessEnv = {
  PATH: process.env.PATH,
  PUSHFLEET_PORT: '0',
  PUSHFLEET_RTMP_PORT: '0',
  PUSHFLEET_HTTP_PORT: '0',
};

let folder: string;
let receiver: RtmpReceiver;
let receiverPort: number;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pushfleet-up-'));
  receiver = new RtmpReceiver();
  receiverPort = await receiver.listen(0, '127.0.0.1');
});
afterAll(async () => {
  receiver.close();
  await rm(folder, { recursive: true });
});

/** A running `pushfleet up` with all that it has written. */
class Up {
  readonly process: ChildProcess;
  output = '';
  #exited: Promise<unknown[]>;

  constructor(args: string[], variables: NodeJS.ProcessEnv = {}) {
    this.process = spawn(process.execPath, [main, 'up', ...args], { env: { ...env, ...variables }, stdio: 'pipe' });
    for (const stream of [this.process.stdout!, this.process.stderr!])
      stream.on('data', (text) => (this.output += text));
    this.#exited = once(this.process, 'close');
  }

  async says(pattern: RegExp): Promise<RegExpExecArray> {
    const found = () => {
      const match = pattern.exec(this.output);
      if (match === null) throw new Error(`${pattern} is missing in:\n${this.output}`);
      return match;
    };
    return vi.waitFor(found, { timeout: 90_000, interval: 50 }); // scheduler, worker and Redis start on a busy machine
  }

  async exitCode(): Promise<unknown> {
    return (await this.#exited)[0];
  }

  /** Its children: scheduler, workers, Redis and the shell that ends them when nobody else can. */
  async children(): Promise<{ pid: number; command: string }[]> {
    const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,args=']);
    const rows = stdout.split('\n').map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? []);
    return rows
      .filter(([, , parent]) => parent === String(this.process.pid))
      .map(([, pid, , command]) => ({ pid: Number(pid), command: command! }))
      .filter(({ command }) => !command.startsWith('ps '));
  }
}

let up: Up | undefined;
const start = (args: string[], variables?: NodeJS.ProcessEnv): Up => {
  up = new Up(args, variables);
  return up;
};
afterEach(async () => {
  up?.process.kill('SIGKILL');
  await up?.exitCode();
  up = undefined;
});

async function configFile(text: string): Promise<string> {
  const file = join(folder, 'pushfleet.conf');
  await writeFile(file, text);
  return file;
}

/** One stream of the example clip, pushed to our receiver. */
const demo = (name: string): Promise<string> =>
  configFile(`stream ${name} { input file://${clip}; push rtmp://127.0.0.1:${receiverPort}/live/${name}; }\n`);

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('pushfleet up', () => {
  it('pushes what the config file says, answers the other commands, and ends cleanly', async () => {
    const fleet = start(['--processes', '2', '--config', await demo('clean')]);
    await fleet.says(/clean \[.*\] -> rtmp:.*: running on worker-\d/);
    await vi.waitFor(
      () => expect(receiver.look().find(({ name }) => name === 'clean')?.bytes).toBeGreaterThan(20_000),
      30_000,
    );
    const [, url] = await fleet.says(/Dashboard +(http:\/\/127\.0\.0\.1:\d+)\//);

    const pushfleet = async (...args: string[]) =>
      (await promisify(execFile)(process.execPath, [main, ...args], { env: { PUSHFLEET_URL: url } })).stdout;
    const push = JSON.parse(await pushfleet('ls', '--json'));
    expect(push).toMatchObject({ stream: 'clean', status: 'running', url: expect.not.stringContaining('/live/clean') });
    expect(await pushfleet('pause', push.id.slice(0, 8), '--wait')).toBe(`${push.id} disabled\n`);
    expect(await pushfleet('resume', push.id, '--wait')).toBe(`${push.id} running\n`);
    expect((await pushfleet('workers', '--json')).trimEnd().split('\n')).toHaveLength(2);

    const children = await fleet.children();
    expect(children.length).toBeGreaterThanOrEqual(4);
    fleet.process.kill('SIGTERM');
    expect(await fleet.exitCode()).toBe(0);
    await vi.waitFor(() => expect(children.filter(({ pid }) => isAlive(pid))).toEqual([]), 30_000);
  });

  it('leaves nothing behind when it is killed with -9', async () => {
    const fleet = start(['--config', await demo('killed')]);
    await fleet.says(/killed \[.*\] -> .*: running/);
    const children = await fleet.children();
    fleet.process.kill('SIGKILL');
    await vi.waitFor(() => expect(children.filter(({ pid }) => isAlive(pid))).toEqual([]), 30_000);
  });

  it('starts a killed worker again, and its pushes with it', async () => {
    const fleet = start(['--config', await demo('again')]);
    await fleet.says(/again \[.*\] -> .*: running/);
    const worker = (await fleet.children()).find(({ command }) => command.includes('worker'))!;
    process.kill(worker.pid, 'SIGKILL');
    await fleet.says(/worker-1 was ended by SIGKILL; starting it again in 0\.5 s\..*again \[.*\] -> .*: running/s);
  });

  it('shows mistakes of the config file in place and does not start', async () => {
    const fleet = start(['--config', await configFile('stream a { push nonsense; }\n')]);
    expect(await fleet.exitCode()).toBe(1);
    expect(fleet.output).toMatch(/pushfleet\.conf:1:\d+: error: .*\n.*\n +\^/);
  });

  it('says what is wrong with the environment', async () => {
    const fleet = start([], { PUSHFLEET_CAPACITY: 'many' });
    expect(await fleet.exitCode()).toBe(2);
    expect(fleet.output).toContain('PUSHFLEET_CAPACITY must be');
  });

  it('does not start on a port that the user has set and somebody else has', async () => {
    const other: Server = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const fleet = start([], { PUSHFLEET_PORT: String(port) });
    expect(await fleet.exitCode()).toBe(2);
    expect(fleet.output).toContain(`Port ${port} is taken: the API cannot listen there.`);
    other.close();
  });
});
