import http from 'node:http';
import type net from 'node:net';
import type { MediaInfo, Testimony } from '@pushfleet/contract';
import { CLUSTER_HEADER, FENCE_PATH } from '../fleet/peer-votes.ts';
import { within } from '../fleet/within.ts';
import { type Exchange, ignoreBody } from './exchange.ts';
import { sendProblem } from './problems.ts';

export interface WorkerHttpDeps {
  /** Reasons why the worker is not ready; empty when it is. */
  readonly unready: () => string[];
  /** The next requests should come to other workers: no connection waits for them here. */
  readonly leaving: () => boolean;
  /** What an operator should change, ready or not. */
  readonly warnings: () => readonly string[];
  /** Answers a peer that asks who this is and whether Redis can be seen from here; undefined when the asker proves nothing. */
  readonly fence: (clusterProof: string | undefined) => Promise<Testimony | undefined>;
  /** What a stream carries; undefined when it is not live here. */
  readonly mediaInfo: (stream: string) => MediaInfo | undefined;
  /** Prometheus text: of this worker, or of all that share the port at which somebody asks. */
  readonly metrics: (isSharedPort: boolean) => string | Promise<string>;
  /** Everything else: streams that come in and go out. */
  readonly media: (exchange: Exchange) => Promise<void>;
  /** A request failed in a way that nobody foresaw; the peer has been sent away. */
  readonly failed: (error: unknown) => void;
  /** For the head of a request. */
  readonly headTimeoutMs?: number;
}

const HEAD_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_MS = 5_000;
/** How long the last bytes of streams that are being served may take. */
const GOODBYE_MS = 500;

/** The HTTP port of a worker: streams in and out, health, readiness, metrics, and the vote that peers ask for. */
export class WorkerHttp {
  readonly #deps: WorkerHttpDeps;
  readonly #server: http.Server;
  readonly #adopted = new WeakSet<net.Socket>();

  constructor(deps: WorkerHttpDeps) {
    this.#deps = deps;
    const { headTimeoutMs = HEAD_TIMEOUT_MS } = deps;
    const options: http.ServerOptions = {
      noDelay: true,
      requestTimeout: 0, // an upload that goes on for days is one request
      headersTimeout: headTimeoutMs,
      connectionsCheckingInterval: headTimeoutMs / 5,
      keepAliveTimeout: KEEP_ALIVE_MS,
    };
    this.#server = http.createServer(options, (request, response) =>
      this.#answer({ request, response, proceed: () => {} }),
    );
    this.#server.on('checkContinue', (request: http.IncomingMessage, response: http.ServerResponse) =>
      this.#answer({ request, response, proceed: () => response.writeContinue() }),
    );
  }

  /** Resolves with the port that was bound. */
  listen(port: number, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      // Stays: an error of a later accept must not end the process.
      this.#server.on('error', reject);
      this.#server.listen(port, host, () => resolve((this.#server.address() as net.AddressInfo).port));
    });
  }

  /** Serves a connection that came to the port which this worker shares with others; one that comes too late is closed. */
  adopt(socket: net.Socket): void {
    if (!this.#server.listening) return void socket.destroy();
    this.#adopted.add(socket);
    this.#server.emit('connection', socket);
  }

  /** Closes connections that wait for their next request, so that it comes over a new one: at a shared port, to another process. */
  closeIdle(): void {
    this.#server.closeIdleConnections();
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.closeIdle();
    await within(GOODBYE_MS, closed);
    this.#server.closeAllConnections();
  }

  #answer(exchange: Exchange): void {
    if (this.#deps.leaving()) exchange.response.shouldKeepAlive = false;
    const page = exchange.request.url?.split('?', 1)[0] ?? '';
    this.#serve(page, exchange).catch((error: unknown) => {
      this.#deps.failed(error);
      sendProblem(exchange, 'internal_error', 'Look into the log of the worker and report the fault.');
    });
  }

  #serve(page: string, exchange: Exchange): Promise<void> {
    if (!Object.hasOwn(pages, page)) return this.#deps.media(exchange);
    ignoreBody(exchange);
    return pages[page]!(this.#deps, exchange, this.#adopted.has(exchange.request.socket));
  }
}

type Page = (deps: WorkerHttpDeps, exchange: Exchange, isSharedPort: boolean) => Promise<void>;

/** They go before streams of the same names. */
const pages: Readonly<Record<string, Page>> = {
  '/health': async (_deps, exchange) => json(exchange, 200, { status: 'ok' }),
  '/ready': async (deps, exchange) => {
    const reasons = deps.unready();
    json(exchange, reasons.length === 0 ? 200 : 503, {
      ready: reasons.length === 0,
      reasons,
      warnings: deps.warnings(),
    });
  },
  '/metrics': async (deps, { response }, isSharedPort) => {
    const text = await deps.metrics(isSharedPort);
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(text);
  },
  '/media_info': async (deps, exchange) => {
    const stream = new URLSearchParams(exchange.request.url?.split('?', 2)[1]).get('stream') ?? '';
    const info = deps.mediaInfo(stream);
    if (info === undefined) sendProblem(exchange, 'not_live', 'The stream is not live at this worker.');
    else json(exchange, 200, info);
  },
  [FENCE_PATH]: async (deps, exchange) => {
    const testimony = await deps.fence(exchange.request.headers[CLUSTER_HEADER] as string | undefined);
    if (testimony === undefined)
      sendProblem(exchange, 'forbidden', 'The proof of the cluster key is missing or wrong.');
    else json(exchange, 200, testimony);
  },
};

function json({ response }: Exchange, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
}
