import { connect, type Socket } from 'node:net';
import { type Dial, PublishError } from '@pushfleet/protocols';

/** A connection and the memory that was written to it, piece by piece. */
export interface WatchedSocket {
  readonly socket: Socket;
  readonly written: { readonly memory: ArrayBufferLike; readonly offset: number; readonly sizeBytes: number }[];
}

/** Plain TCP without an address policy; remembers every connection and what was written to it. */
export class WatchedDial {
  readonly sockets: WatchedSocket[] = [];

  readonly dial: Dial = async ({ host, port, signal }) => {
    const socket = connect({ host, port, noDelay: true });
    const watched: WatchedSocket = { socket, written: [] };
    this.sockets.push(watched);
    watchWrites(watched);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = () => {
      socket.destroy();
      reject(signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    const onError = (error: Error) => reject(new PublishError('connect_refused', error.message, { cause: error }));
    socket.once('connect', resolve).once('error', onError);
    await promise.finally(() => signal.removeEventListener('abort', onAbort));
    socket.off('error', onError);
    return { socket, peer: `${socket.remoteAddress}:${socket.remotePort}` };
  };

  /** Those that are not closed. */
  get open(): Socket[] {
    return this.sockets.map(({ socket }) => socket).filter(({ closed }) => !closed);
  }
}

function watchWrites({ socket, written }: WatchedSocket): void {
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  socket.write = ((...args: unknown[]) => {
    const [bytes] = args;
    if (bytes instanceof Uint8Array) {
      written.push({ memory: bytes.buffer, offset: bytes.byteOffset, sizeBytes: bytes.byteLength });
    }
    return write(...args);
  }) as Socket['write'];
}
