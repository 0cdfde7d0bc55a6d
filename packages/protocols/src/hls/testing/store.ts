// A server that keeps what is uploaded, answers as a test says, and remembers what it was asked, in what order and on which connection.
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';

export interface StoreRequest {
  readonly method: string;
  /** Request target as it came. */
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  /** Counts connections from 0. */
  readonly connection: number;
  /** Milliseconds since the store was opened. */
  readonly atMs: number;
}

/** Undefined: like a plain WebDAV server. `reset`: the connection breaks. `silence`: no answer ever. */
export type StoreAnswer =
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }
  | 'reset'
  | 'silence'
  | undefined;

export type StoreScript = (request: StoreRequest, store: Store) => StoreAnswer | Promise<StoreAnswer>;

export class Store {
  readonly requests: StoreRequest[] = [];
  readonly files = new Map<string, Buffer>();
  readonly #sockets: Socket[] = [];
  readonly #openedAtMs = performance.now();
  readonly #server = createServer((message, response) => {
    const number = this.#sockets.indexOf(message.socket);
    void buffer(message)
      .then((body) => this.#take(message, body, number))
      .then((answer) => {
        if (answer === 'reset') message.socket.resetAndDestroy();
        else if (answer !== 'silence') response.writeHead(answer.status, answer.headers).end(answer.body);
      })
      .catch(() => {}); // the publisher has gone
  });
  script: StoreScript;

  private constructor(script: StoreScript) {
    this.script = script;
    this.#server.on('connection', (socket) => this.#sockets.push(socket));
  }

  static async open(script: StoreScript = () => undefined): Promise<Store> {
    const store = new Store(script);
    store.#server.listen(0, '127.0.0.1');
    await once(store.#server, 'listening');
    return store;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `hls://127.0.0.1:${this.port}`;
  }

  get openSockets(): number {
    return this.#sockets.filter(({ closed }) => !closed).length;
  }

  get bytesReceived(): number {
    return this.#sockets.reduce((sum, { bytesRead }) => sum + bytesRead, 0);
  }

  get connections(): number {
    return this.#sockets.length;
  }

  /** `PUT /live/1.ts`, in the order in which they were complete. */
  get log(): string[] {
    return this.requests.map(({ method, url }) => `${method} ${url}`);
  }

  text(path: string): string {
    return this.files.get(path)?.toString() ?? '';
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  async #take(message: IncomingMessage, body: Buffer, connection: number): Promise<Exclude<StoreAnswer, undefined>> {
    const { method = '', url = '', headers } = message;
    const request = { method, url, headers, body, connection, atMs: performance.now() - this.#openedAtMs };
    this.requests.push(request);
    return (await this.script(request, this)) ?? this.#answer(request);
  }

  #answer({ method, url, body }: StoreRequest): { status: number; body?: string } {
    const known = this.files.get(url);
    if (method === 'PUT' || method === 'POST') this.files.set(url, body);
    else if (method === 'DELETE') this.files.delete(url);
    else if (known === undefined) return { status: 404 };
    else return method === 'GET' ? { status: 200, body: known.toString() } : { status: 200 };
    return { status: known === undefined ? 201 : 204 };
  }
}
