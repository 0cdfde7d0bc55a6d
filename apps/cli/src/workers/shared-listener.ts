import { createServer, type Server } from 'node:net';
import type { SharedPort } from '@pushfleet/contract';
import { CliError } from '../cli-error.ts';
import type { ConnectionDealer } from './connection-dealer.ts';

const variables = { rtmp: 'PUSHFLEET_RTMP_PORT', http: 'PUSHFLEET_HTTP_PORT' } as const;

/** Listens on one port for all processes. It reads nothing: whoever gets a connection gets all of its bytes. */
export class SharedListener {
  readonly #name: SharedPort;
  readonly #server: Server;

  constructor(name: SharedPort, dealer: ConnectionDealer) {
    this.#name = name;
    this.#server = createServer({ pauseOnConnect: true }, (socket) => {
      socket.on('error', () => {}); // a peer that is gone before anybody has taken it
      dealer.deal(name, socket);
    });
  }

  /** Resolves with the port that was bound; rejects with CliError when it may not be had. 0 is any free one. */
  listen(port: number, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.on('error', ({ message }) =>
        reject(
          new CliError('usage', `The ${this.#name.toUpperCase()} port ${port} cannot be listened on: ${message}.`, {
            remedy: `Stop what uses it, or set ${variables[this.#name]} to another port (0 is any free one).`,
          }),
        ),
      );
      this.#server.listen({ port, host }, () => resolve((this.#server.address() as { port: number }).port));
    });
  }

  /** Refuses new connections; those that were dealt go on. */
  close(): void {
    this.#server.close();
  }
}
