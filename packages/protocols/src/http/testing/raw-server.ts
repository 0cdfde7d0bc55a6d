// A server that says what a test tells it to, byte for byte and at the moment that the test chooses.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** One connection as the server sees it. */
export interface RawPeer {
  readonly socket: Socket;
  /** The head of the request, as text with its empty line; complete when the script is called. */
  readonly head: string;
  /** What has come behind the head so far. */
  body(): Buffer;
  say(text: string): void;
}

export interface RawServer {
  readonly port: number;
  /** Of all connections with a request, in their order. */
  readonly peers: readonly RawPeer[];
  /** Connections that are not closed. */
  openSockets(): number;
  stop(): void;
}

/** `script` is called for each request, which is the only one of its connection; `round` counts from 0. */
export async function startRawServer(script: (peer: RawPeer, round: number) => void): Promise<RawServer> {
  const peers: RawPeer[] = [];
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    let received = Buffer.alloc(0);
    let peer: RawPeer | undefined;
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
      const end = received.indexOf('\r\n\r\n') + 4;
      if (peer !== undefined || end < 4) return;
      peer = {
        socket,
        head: received.toString('latin1', 0, end),
        body: () => received.subarray(end),
        say: (text) => socket.write(text, 'latin1'),
      };
      peers.push(peer);
      script(peer, peers.length - 1);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    peers,
    openSockets: () => [...sockets].filter(({ destroyed }) => !destroyed).length,
    stop: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** A response without body. */
export function response(status: string, ...fields: string[]): string {
  return [`HTTP/1.1 ${status}`, 'Content-Length: 0', ...fields, '', ''].join('\r\n');
}
