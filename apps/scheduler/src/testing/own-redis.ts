import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

// Below the ports that systems draw for outgoing connections: while it is killed nobody's connect takes its port, or meets itself there.
const FIRST_PORT = 17_000;
const PORTS = 2_000;
const ATTEMPTS = 10;

/** A Redis that a test may freeze, kill and start again. It keeps nothing. */
export class OwnRedis implements AsyncDisposable {
  readonly url: string;
  readonly #port: number;
  #process: ChildProcess | undefined;

  static async start(): Promise<OwnRedis> {
    for (let tries = 1; ; tries++) {
      const redis = new OwnRedis(FIRST_PORT + Math.floor(Math.random() * PORTS));
      try {
        await redis.start();
        return redis;
      } catch (error) {
        if (tries === ATTEMPTS) throw error; // somebody else has the port
      }
    }
  }

  private constructor(port: number) {
    this.#port = port;
    this.url = `redis://127.0.0.1:${port}`;
  }

  async start(): Promise<void> {
    const options = ['--port', `${this.#port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    const server = spawn('redis-server', options, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#process = server;
    let output = '';
    for await (const text of server.stdout) {
      output += text;
      if (output.includes('Ready to accept connections')) return;
    }
    throw new Error(`redis-server did not start at port ${this.#port}`);
  }

  freeze(): void {
    this.#process?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#process?.kill('SIGCONT');
  }

  /** All data is lost. */
  async kill(): Promise<void> {
    const server = this.#process;
    this.#process = undefined;
    if (server === undefined) return;
    server.kill('SIGKILL');
    await once(server, 'exit');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}
