import http from 'node:http';
import type net from 'node:net';
import { CLUSTER_HEADER, FENCE_PATH } from '../fleet/peer-votes.ts';

export interface WorkerHttpDeps {
  /** Reasons why the worker is not ready; empty when it is. */
  readonly unready: () => string[];
  /** Answers a peer that asks whether Redis can be seen from here; undefined when the asker proves nothing. */
  readonly fence: (clusterProof: string | undefined) => Promise<boolean | undefined>;
  /** Prometheus text. */
  readonly metrics: () => string;
}

/** The HTTP port of a worker: health, readiness, metrics, and the vote that peers ask for. */
export class WorkerHttp {
  readonly #server: http.Server;

  constructor(deps: WorkerHttpDeps) {
    this.#server = http.createServer((request, response) => {
      answer(deps, request, response).catch(() => response.destroy());
    });
  }

  /** Resolves with the port that was bound. */
  listen(port: number, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      // Stays: an error of a later accept must not end the process.
      this.#server.on('error', reject);
      this.#server.listen(port, host, () => resolve((this.#server.address() as net.AddressInfo).port));
    });
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

async function answer(
  deps: WorkerHttpDeps,
  request: http.IncomingMessage,
  response: http.ServerResponse,
): Promise<void> {
  const json = (status: number, body: object) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
  switch (request.url) {
    case '/health':
      return void json(200, { status: 'ok' });
    case '/ready': {
      const reasons = deps.unready();
      return void json(reasons.length === 0 ? 200 : 503, { ready: reasons.length === 0, reasons });
    }
    case '/metrics':
      return void response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(deps.metrics());
    case FENCE_PATH: {
      const redis = await deps.fence(request.headers[CLUSTER_HEADER] as string | undefined);
      return void (redis === undefined ? json(403, { code: 'forbidden' }) : json(200, { redis }));
    }
    default:
      return void json(404, { code: 'not_found' });
  }
}
