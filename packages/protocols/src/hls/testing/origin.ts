// A web server that serves what ffmpeg has made, and whatever else a test wants.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Answer = string | Buffer | ((request: IncomingMessage, response: ServerResponse) => void);

/** Serves by path. Notes every request. */
export class Origin implements AsyncDisposable {
  /** Path to what is answered; query strings do not count. May be changed at any time. */
  readonly files = new Map<string, Answer>();
  readonly requests: { readonly path: string; readonly headers: IncomingMessage['headers'] }[] = [];
  readonly #server = createServer((request, response) => this.#serve(request, response));

  static async start(): Promise<Origin> {
    const origin = new Origin();
    await new Promise<void>((resolve) => origin.#server.listen(0, '127.0.0.1', resolve));
    return origin;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  requestsOf(path: string): number {
    return this.requests.filter((request) => request.path.split('?')[0] === path).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '';
    this.requests.push({ path, headers: request.headers });
    const answer = this.files.get(path.split('?')[0] ?? '');
    if (answer === undefined) response.writeHead(404).end();
    else if (typeof answer === 'function') answer(request, response);
    else serveBytes(Buffer.from(answer), request, response);
  }
}

function serveBytes(bytes: Buffer, { headers }: IncomingMessage, response: ServerResponse): void {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? [];
  if (first === undefined) response.end(bytes);
  else response.writeHead(206).end(bytes.subarray(Number(first), Number(last) + 1));
}
