import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { type PlayAnswer, type PublishAnswer, serveRtmpConnection } from '@pushfleet/protocols';
import type { Received } from './received.ts';

interface Counter {
  bytes: number;
  /** `bytes` at the last look, for the bitrate. */
  bytesBefore: number;
  publishing: boolean;
}

const nothingToPlay: PlayAnswer = {
  accept: false,
  code: 'NetStream.Play.Failed',
  description: 'This receiver keeps nothing that could be played.',
};

/** An RTMP server that counts what arrives under each name and throws it away. */
export class Receiver {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #counters = new Map<string, Counter>();
  #lookedAtMs = performance.now();

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
    const now = performance.now();
    const seconds = (now - this.#lookedAtMs) / 1000;
    this.#lookedAtMs = now;
    return [...this.#counters].map(([name, counter]) => {
      const bitrateBps = Math.round(((counter.bytes - counter.bytesBefore) * 8) / seconds);
      counter.bytesBefore = counter.bytes;
      return { name, bytes: counter.bytes, bitrateBps };
    });
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(name: string): PublishAnswer {
    const counter = this.#counters.get(name) ?? { bytes: 0, bytesBefore: 0, publishing: false };
    if (counter.publishing) {
      return { accept: false, code: 'NetStream.Publish.BadName', description: 'Somebody publishes this name already.' };
    }
    counter.publishing = true;
    this.#counters.set(name, counter);
    return {
      accept: true,
      sink: {
        message: (_type, _timestamp, payload) => {
          counter.bytes += payload.length;
        },
        ended: () => {
          counter.publishing = false;
        },
      },
    };
  }
}
