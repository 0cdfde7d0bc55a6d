import net from 'node:net';
import { handled } from './handled.ts';

const READ_BYTES = 64 * 1024;

/** One for all connections: what was read is used up before the next read of any of them. */
const shared = Buffer.allocUnsafeSlow(READ_BYTES);

/**
 * A socket for the connection of `accepted`, which must not be used any more. It reads into memory that all such sockets share: the bytes of a `data`
 * event are valid until its listener returns. Node has that for the sockets that a process opens itself (`onread`), and gives each read of an accepted
 * one memory and a tick of its own.
 *
 * To be called before anything can have been read: in the moment of the acceptance, or of the arrival from another process.
 */
export function withSharedReads(accepted: net.Socket): net.Socket {
  const handle = handled(accepted)._handle;
  if (handle === undefined || handle === null) return accepted; // closed already, or another Node
  handled(accepted)._handle = null;
  const onread = {
    buffer: shared,
    callback: (sizeBytes: number) => {
      socket.emit('data', shared.subarray(0, sizeBytes));
      return true;
    },
  };
  const socket: net.Socket = new net.Socket({ handle, onread } as unknown as net.SocketConstructorOpts);
  // Its server counts it, and others may wait for its end.
  socket.once('close', () => accepted.destroy());
  return socket;
}
