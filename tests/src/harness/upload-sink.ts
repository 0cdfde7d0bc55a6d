import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** One file that was sent. Times are milliseconds of `performance.now()`. */
export interface Upload {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly receivedAt: number;
  /** Undefined until it is answered. */
  acknowledgedAt: number | undefined;
}

/** A web server that keeps what is put there, serves it again, and acknowledges only as long as it is open. */
export class UploadSink {
  /** In the order of their arrival. */
  readonly uploads: Upload[] = [];
  readonly deleted: string[] = [];
  /** TCP connections so far. */
  connections = 0;
  /** Paths whose bodies are coming right now. */
  readonly receiving = new Set<string>();
  #opened = Promise.withResolvers<void>();
  readonly #server: Server;

  constructor() {
    this.#opened.resolve();
    this.#server = createServer(async (request, response) => {
      const { method, url: path = '', headers } = request;
      this.receiving.add(path);
      const body = await buffer(request).catch(() => undefined);
      this.receiving.delete(path);
      if (body === undefined) return; // the sender has given up
      if (method === 'DELETE') {
        this.deleted.push(path);
        response.writeHead(204).end();
      } else if (method === 'GET' || method === 'HEAD') {
        const kept = this.latest(path);
        response.writeHead(kept === undefined ? 404 : 200).end(kept?.body);
      } else {
        const upload: Upload = { path, headers, body, receivedAt: performance.now(), acknowledgedAt: undefined };
        this.uploads.push(upload);
        await this.#opened.promise;
        upload.acknowledgedAt = performance.now();
        response.writeHead(201).end();
      }
    });
  }

  async listen(): Promise<this> {
    this.#server.on('connection', () => {
      this.connections += 1;
    });
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** From now on nothing is acknowledged, however much is sent. */
  hold(): void {
    this.#opened = Promise.withResolvers<void>();
  }

  /** Acknowledges what waits, and what comes. */
  release(): void {
    this.#opened.resolve();
  }

  /** What was put there last. */
  latest(path: string): Upload | undefined {
    return this.uploads.findLast((upload) => upload.path === path);
  }

  /** Below this folder, playlists or segments, in the order of their arrival. */
  of(folder: string, kind: 'm3u8' | 'ts'): Upload[] {
    return this.uploads.filter(({ path }) => path.startsWith(folder) && path.endsWith(`.${kind}`));
  }

  async stop(): Promise<void> {
    this.release();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
