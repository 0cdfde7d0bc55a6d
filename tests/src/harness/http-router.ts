import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

export interface RoutedRequest {
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly location: string;
  /** Of the body, before the peer had read the answer. */
  bodyBytes: number;
}

/**
 * The router in front of some receivers: it answers 302 before a byte of the body, and never sees media. `/turn/REST` leads to `/REST` at the
 * receivers in turn; `/hops/N/REST` leads there by N redirects; `/circle/a` and `/circle/b` lead to each other.
 */
export class HttpRouter {
  readonly requests: RoutedRequest[] = [];
  /** `http://HOST:PORT` of each receiver; the first of them is the next. */
  receivers: readonly string[];
  readonly #server: Server;

  private constructor(receivers: readonly string[]) {
    this.receivers = receivers;
    this.#server = createServer((request, response) => this.#answer(request, response));
    this.#server.on('checkContinue', (request, response) => this.#answer(request, response));
  }

  static async start(receivers: readonly string[]): Promise<HttpRouter> {
    const router = new HttpRouter(receivers);
    router.#server.listen(0, '127.0.0.1');
    await once(router.#server, 'listening');
    return router;
  }

  /** `127.0.0.1:PORT` */
  get authority(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { method = '', url: path = '', headers } = request;
    const routed = { at: performance.now(), method, path, headers, location: this.#locationFor(path), bodyBytes: 0 };
    this.requests.push(routed);
    request.on('data', (bytes: Buffer) => {
      routed.bodyBytes += bytes.length;
    });
    request.on('error', () => {}); // it has gone where it was sent
    response.writeHead(302, { location: routed.location, connection: 'close' }).end();
  }

  #locationFor(path: string): string {
    const [, way, ...rest] = path.split('/');
    if (way === 'circle') return `/circle/${rest[0] === 'a' ? 'b' : 'a'}`;
    const hops = way === 'hops' ? Number(rest.shift()) : 1;
    if (hops > 1) return `/hops/${hops - 1}/${rest.join('/')}`;
    const [next = '', ...others] = this.receivers;
    this.receivers = [...others, next];
    return `${next}/${rest.join('/')}`;
  }
}
