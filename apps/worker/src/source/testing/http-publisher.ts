import { once } from 'node:events';
import http from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /** As JSON where it is JSON. */
  readonly body: unknown;
}

export interface PublisherOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Ask before the body is sent; on unless told otherwise. */
  readonly expect?: boolean;
}

/** A client that sends one body piece by piece. */
export class HttpPublisher {
  /** True when the server wants the body, false when it has answered without. */
  readonly isWanted: Promise<boolean>;
  readonly answer: Promise<Answer>;
  readonly closed: Promise<unknown>;
  readonly #request: http.ClientRequest;

  constructor(url: string, { method = 'POST', headers = {}, expect = true }: PublisherOptions = {}) {
    const fields = { ...headers, ...(expect && { expect: '100-continue' }), 'transfer-encoding': 'chunked' };
    this.#request = http.request(url, { method, headers: fields, agent: false });
    this.#request.on('error', () => {}); // seen by whoever waits for the answer
    this.answer = this.#read();
    this.answer.catch(() => {});
    const continued = new Promise<boolean>((resolve) => this.#request.once('continue', () => resolve(true)));
    const refused = this.answer.then(
      () => false,
      () => false,
    );
    this.isWanted = Promise.race([continued, refused]);
    this.closed = new Promise((resolve) => this.#request.once('close', resolve));
    this.#request.flushHeaders();
  }

  write(bytes: Buffer): void {
    this.#request.write(bytes);
  }

  end(): void {
    this.#request.end();
  }

  /** Hangs up without an end. */
  destroy(): void {
    this.#request.destroy();
  }

  async #read(): Promise<Answer> {
    const [response] = (await once(this.#request, 'response')) as [http.IncomingMessage];
    const parts: Buffer[] = [];
    for await (const part of response) parts.push(part);
    const text = Buffer.concat(parts).toString();
    const isJson = response.headers['content-type']?.includes('json') === true;
    return { status: response.statusCode ?? 0, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  }
}
