import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { type PlayAnswer, type PublishAnswer, serveRtmpConnection } from '@pushfleet/protocols';
import type { Received } from './received.ts';
import { Tally } from './tally.ts';

const nothingToPlay: PlayAnswer = {
  accept: false,
  code: 'NetStream.Play.Failed',
  description: 'This receiver keeps nothing that could be played.',
};

/** An RTMP server that counts what arrives under each name and throws it away. */
export class RtmpReceiver {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #tally = new Tally();
  readonly #publishing = new Set<string>();

  constructor() {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      serveRtmpConnection(socket, { publish: async ({ name }) => this.#accept(name), play: async () => nothingToPlay });
    });
  }

  /** Rejects when the port is taken. Resolves with the port. */
  async listen(port: number, host: string): Promise<number> {
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  }

  /** What has arrived until now, with the bitrate since the last look. */
  look(): Received[] {
    return this.#tally.look();
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(name: string): PublishAnswer {
    if (this.#publishing.has(name)) {
      return { accept: false, code: 'NetStream.Publish.BadName', description: 'Somebody publishes this name already.' };
    }
    this.#publishing.add(name);
    this.#tally.add(name, 0);
    return {
      accept: true,
      sink: {
        message: (_type, _timestamp, payload) => this.#tally.add(name, payload.length),
        ended: () => this.#publishing.delete(name),
      },
    };
  }
}
