import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { extname, posix } from 'node:path';
import { FileStore } from './file-store.ts';
import type { Received } from './received.ts';
import { Tally } from './tally.ts';

const MAX_STORED_BYTES = 64 << 20;
const MAX_FILE_BYTES = 16 << 20;

const TS_PACKET_BYTES = 188;
const TS_SYNC_BYTE = 0x47;

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.m3u8': 'application/vnd.apple.mpegurl',
  '.ts': 'video/mp2t',
  '.mp4': 'video/mp4',
  '.m4s': 'video/mp4',
};

/**
 * An HTTP server for what pushes send. MPEG-TS to `/…/mpegts` is counted and thrown away; m4s to `/…/m4s` is sent on to a worker, as a router
 * would that chooses the place; any other file is kept in memory for a while and can be had by GET, so that HLS can be played.
 */
export class HttpReceiver {
  readonly #server: Server;
  readonly #tally = new Tally();
  readonly #files = new FileStore(MAX_STORED_BYTES);
  readonly #firstWorker = Promise.withResolvers<string>();
  #worker = this.#firstWorker.promise;

  constructor() {
    // A live stream is one request for hours.
    this.#server = createServer({ requestTimeout: 0, headersTimeout: 10_000 }, (request, response) =>
      this.#answer(request, response, () => {}),
    );
    this.#server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) =>
      this.#answer(request, response, () => response.writeContinue()),
    );
  }

  /** `host:port` of the worker that takes m4s. Whoever comes before it is known waits. */
  sendM4sTo(worker: string): void {
    this.#firstWorker.resolve(worker);
    this.#worker = Promise.resolve(worker);
  }

  /** Rejects when the port is taken. Resolves with the port. */
  async listen(port: number, host: string): Promise<number> {
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  }

  /** What has arrived until now, with the bitrate since the last look. MPEG-TS in whole packets, HLS by folder. */
  look(): Received[] {
    return this.#tally.look();
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #answer(request: IncomingMessage, response: ServerResponse, proceed: () => void): void {
    const path = posix.normalize(request.url?.split('?', 1)[0] || '/');
    request.on('error', () => response.destroy());
    if (request.method === 'POST' || request.method === 'PUT') {
      if (path.endsWith('/m4s')) void this.#sendOn(request, response);
      else if (path.endsWith('/mpegts')) this.#count(path, request, response, proceed);
      else this.#store(path, request, response, proceed);
    } else if (request.method === 'DELETE') {
      response.writeHead(this.#files.delete(path) ? 204 : 404).end();
    } else if (request.method === 'MKCOL') {
      response.writeHead(201).end(); // folders come and go with their files
    } else {
      this.#serve(path, response);
    }
  }

  async #sendOn({ url }: IncomingMessage, response: ServerResponse): Promise<void> {
    const worker = await this.#worker;
    response.writeHead(302, { location: `http://${worker}${url}`, connection: 'close' }).end();
  }

  #count(path: string, request: IncomingMessage, response: ServerResponse, proceed: () => void): void {
    let position = 0;
    request.on('data', (bytes: Buffer) => {
      for (let at = -position % TS_PACKET_BYTES; at < bytes.length; at += TS_PACKET_BYTES) {
        if (at >= 0 && bytes[at] !== TS_SYNC_BYTE) return refuse(response, 415, 'This is no MPEG-TS.');
      }
      const packets = Math.floor((position + bytes.length) / TS_PACKET_BYTES) - Math.floor(position / TS_PACKET_BYTES);
      this.#tally.add(path.slice(1), packets * TS_PACKET_BYTES);
      position += bytes.length;
    });
    request.on('end', () => response.end());
    proceed();
  }

  #store(path: string, request: IncomingMessage, response: ServerResponse, proceed: () => void): void {
    const parts: Buffer[] = [];
    let sizeBytes = 0;
    request.on('data', (bytes: Buffer) => {
      sizeBytes += bytes.length;
      if (sizeBytes > MAX_FILE_BYTES) return refuse(response, 413, 'The file is too large for this receiver.');
      parts.push(bytes);
    });
    request.on('end', () => {
      if (response.headersSent) return;
      const isNew = this.#files.put(path, Buffer.concat(parts));
      this.#tally.add(posix.dirname(path).slice(1), sizeBytes);
      response.writeHead(isNew ? 201 : 204).end();
    });
    proceed();
  }

  #serve(path: string, response: ServerResponse): void {
    const content = this.#files.get(path);
    const headers = { 'access-control-allow-origin': '*', 'cache-control': 'no-cache' };
    if (content === undefined) response.writeHead(404, headers).end();
    else {
      const type = CONTENT_TYPES[extname(path)] ?? 'application/octet-stream';
      response.writeHead(200, { ...headers, 'content-type': type, 'content-length': content.length }).end(content);
    }
  }
}

function refuse(response: ServerResponse, status: number, text: string): void {
  if (response.headersSent) return;
  response.writeHead(status, { 'content-type': 'text/plain', connection: 'close' }).end(`${text}\n`);
}
