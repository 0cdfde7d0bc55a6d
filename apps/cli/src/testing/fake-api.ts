import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

/** A request as it arrived. */
export interface Seen {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  /** JSON, undefined without a body. */
  readonly body: unknown;
}

type Answer = { readonly status?: number; readonly body?: unknown } | ((response: ServerResponse, seen: Seen) => void);

/** A real HTTP server whose answers a test decides; everything else is `not_found`, as the scheduler says it. */
export class FakeApi {
  readonly requests: Seen[] = [];
  readonly #answers = new Map<string, Answer>();
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  /** `route`: method and path, with the query where it matters: `GET /api/v1/pushes?status=retry&limit=500`. */
  on(route: string, answer: Answer): void {
    this.#answers.set(route, answer);
  }

  /** Method, path and query of everything asked so far. */
  get asked(): string[] {
    return this.requests.map(({ method, url }) => `${method} ${decodeURIComponent(url)}`);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = request;
    const body = await text(request);
    const seen = { method, url, headers, body: body === '' ? undefined : JSON.parse(body) };
    this.requests.push(seen);
    const answer =
      this.#answers.get(`${method} ${url}`) ??
      this.#answers.get(`${method} ${url.split('?')[0]}`) ??
      problem('not_found');
    if (typeof answer === 'function') {
      answer(response, seen);
      return;
    }
    const { status = 200, body: json } = answer;
    const type = status < 300 ? 'application/json' : 'application/problem+json';
    response.writeHead(status, { 'content-type': type }).end(json === undefined ? '' : JSON.stringify(json));
  }
}

/** A refusal as the scheduler makes it. */
export function problem(code: string, status = 404, detail = 'There is no such thing here.') {
  return { status, body: { type: `https://pushfleet.example/errors/${code}`, title: detail, status, code, detail } };
}

/** A page of the list of pushes. */
export const page = (pushes: readonly unknown[], next: string | null = null) => ({ body: { pushes, next } });
