// Unguarded connections for tests; programs bring a dial that checks addresses.
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { PublishError } from '../errors.ts';
import type { Connection, DialOptions } from '../publisher.ts';

export async function dial({ host, port, tls, signal }: DialOptions): Promise<Connection> {
  const socket = tls
    ? connectTls({ host, port, servername: tls.servername, rejectUnauthorized: tls.verify })
    : connect({ host, port });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onAbort = (): void => {
    socket.destroy();
    reject(signal.reason);
  };
  const onError = (error: Error): void => reject(new PublishError('connect_refused', error.message, { cause: error }));
  signal.addEventListener('abort', onAbort, { once: true });
  socket.once('error', onError);
  socket.once(tls ? 'secureConnect' : 'connect', resolve);
  await promise.finally(() => {
    signal.removeEventListener('abort', onAbort);
    socket.off('error', onError);
  });
  socket.setNoDelay(true);
  return { socket, peer: `${socket.remoteAddress}:${socket.remotePort}` };
}
