import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './ports.ts';

/** How often per second a throttled connection passes something on. */
const SLICES_PER_SECOND = 20;

/**
 * A TCP connection on which things go wrong: sits between a client and a server of the loopback. What the kernel buffers on both
 * sides (some MB) comes on top of every limit here.
 */
export class FaultProxy {
  /** Bytes that went through since the start. */
  bytesToServer = 0;
  bytesToClient = 0;
  readonly #targetPort: number;
  readonly #sockets = new Set<Socket>();
  readonly #abandoned = new Set<Socket>();
  #listener: Server | undefined;
  #port = 0;
  #bytesPerSecond = Number.POSITIVE_INFINITY;
  #frozen: PromiseWithResolvers<void> | undefined;

  constructor(targetPort: number) {
    this.#targetPort = targetPort;
  }

  /** Accepts connections, after `refuse` on the same port again. */
  async listen(): Promise<this> {
    if (this.#port === 0) this.#port = await freePort(); // which nobody's connect takes while it refuses
    this.#listener = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => void this.#join(client));
    this.#listener.listen(this.#port, '127.0.0.1');
    await once(this.#listener, 'listening');
    return this;
  }

  get port(): number {
    return this.#port;
  }

  /** Nothing passes in either direction, not even an end; new connections hang: a cable that is pulled out. */
  freeze(): void {
    this.#frozen ??= Promise.withResolvers();
  }

  /** What was held back by `freeze` goes on its way. */
  thaw(): void {
    this.#frozen?.resolve();
    this.#frozen = undefined;
  }

  /**
   * What is connected now gets nothing more through, not even an end, while new connections work: the host behind has lost its power, and another
   * one has its address.
   */
  abandon(): void {
    for (const socket of this.#sockets) this.#abandoned.add(socket);
  }

  /** Lets at most so many bytes per second through, for each connection and direction. */
  throttle(bytesPerSecond = Number.POSITIVE_INFINITY): void {
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** Ends all connections politely (FIN). */
  cut(): void {
    for (const socket of this.#sockets) socket.end();
  }

  /** Ends all connections rudely (RST). */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** New connections are refused until `listen`; those that are open stay. */
  refuse(): void {
    this.#listener?.close();
  }

  async stop(): Promise<void> {
    this.refuse();
    this.#abandoned.clear();
    for (const socket of this.#sockets) socket.destroy();
    this.thaw();
    this.throttle();
  }

  async #join(client: Socket): Promise<void> {
    this.#own(client);
    await this.#frozen?.promise;
    const server = connect({ port: this.#targetPort, host: '127.0.0.1', allowHalfOpen: true });
    this.#own(server);
    this.#pass(client, server, (sizeBytes) => {
      this.bytesToServer += sizeBytes;
    });
    this.#pass(server, client, (sizeBytes) => {
      this.bytesToClient += sizeBytes;
    });
  }

  #own(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => {}); // told to the other side when it closes
    socket.on('close', () => this.#sockets.delete(socket));
  }

  #pass(from: Socket, to: Socket, count: (sizeBytes: number) => void): void {
    from.on('data', async (bytes: Buffer) => {
      from.pause();
      if (this.#abandoned.has(from)) return;
      await this.#write(bytes, to, count);
      from.resume();
    });
    from.on('end', async () => {
      await this.#frozen?.promise;
      if (!this.#abandoned.has(from)) to.end();
    });
    from.on('close', async (hadError) => {
      await this.#frozen?.promise;
      if (this.#abandoned.has(from)) return;
      if (hadError) to.resetAndDestroy();
      else to.end();
    });
    from.resume();
  }

  async #write(bytes: Buffer, to: Socket, count: (sizeBytes: number) => void): Promise<void> {
    for (let offset = 0; offset < bytes.length; ) {
      await this.#frozen?.promise;
      const limit = Math.ceil(this.#bytesPerSecond / SLICES_PER_SECOND);
      const slice = bytes.subarray(offset, offset + limit);
      offset += slice.length;
      const taken = new Promise<void>((resolve) => {
        to.once('close', resolve);
        to.write(slice, () => {
          to.off('close', resolve);
          resolve();
        });
      });
      await taken;
      count(slice.length);
      if (Number.isFinite(limit)) await sleep(1000 / SLICES_PER_SECOND);
    }
  }
}

/** `targetPort` may be taken by a server later on, or never: then connections are reset. */
export const startFaultProxy = (targetPort: number): Promise<FaultProxy> => new FaultProxy(targetPort).listen();
