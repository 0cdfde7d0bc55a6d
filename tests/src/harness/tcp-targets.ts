import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './ports.ts';
import { TestProcess } from './test-process.ts';

/** A TCP server that is no good as a target, in a chosen way. */
export class TcpTarget {
  /** When each connection came, milliseconds of `performance.now()`. */
  readonly connectedAt: number[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(onConnection: (socket: Socket) => void) {
    this.#server = createServer({ pauseOnConnect: true }, (socket) => {
      this.connectedAt.push(performance.now());
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.#sockets.delete(socket));
      onConnection(socket);
    });
  }

  async listen(port = 0): Promise<this> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get openConnections(): number {
    return this.#sockets.size;
  }

  /** Milliseconds from each connection to the next. */
  get intervalsMs(): number[] {
    return this.connectedAt.slice(1).map((at, index) => at - this.connectedAt[index]!);
  }

  async stop(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, 'close');
  }
}

/** Accepts and closes at once. */
export const startClosingTarget = (port?: number) => new TcpTarget((socket) => socket.resume().end()).listen(port);

/** Accepts and answers with a reset. */
export const startResettingTarget = (port?: number) => new TcpTarget((socket) => socket.resetAndDestroy()).listen(port);

/** Accepts and never reads: what is sent fills the socket buffers and then stands still. */
export const startDeafTarget = (port?: number) => new TcpTarget(() => {}).listen(port);

/** Accepts, reads everything and never says a word. */
export const startSilentTarget = (port?: number) => new TcpTarget((socket) => socket.resume()).listen(port);

export interface FullPort {
  readonly port: number;
  stop(): Promise<void>;
}

/** A port that answers no connect, not even with a refusal: its server stands still and the queue of new connections is full. */
export async function startFullPort(): Promise<FullPort> {
  const port = await freePort();
  const listen = `listen({ port: ${port}, host: '127.0.0.1', backlog: 1 }, () => console.log('listening'))`;
  const server = new TestProcess('full-port', process.execPath, ['--eval', `require('net').createServer().${listen}`]);
  await server.waitForLog('listening');
  server.kill('SIGSTOP');
  const waiting: Socket[] = [];
  do {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    waiting.push(socket);
    await Promise.race([once(socket, 'connect'), sleep(NO_ANSWER_MS)]);
    await setImmediate(); // an answer that came in time may wait to be read: timers are looked at first
  } while (!waiting.at(-1)!.connecting);
  return {
    port,
    async stop() {
      for (const socket of waiting) socket.destroy();
      await server.stop();
    },
  };
}

/** On the loopback an answer takes less than a millisecond. */
const NO_ANSWER_MS = 300;
