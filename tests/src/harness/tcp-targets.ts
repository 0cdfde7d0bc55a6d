import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

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
