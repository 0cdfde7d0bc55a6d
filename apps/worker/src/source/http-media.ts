import type { Exchange } from '../http/exchange.ts';
import { parseMediaPath } from '../http/media-path.ts';
import { sendProblem } from '../http/problems.ts';
import type { HttpIngest } from './http-ingest.ts';
import type { HttpPlayout } from './http-playout.ts';

/** Streams over HTTP: what comes in by POST or PUT, what goes out by GET. */
export class HttpMedia {
  readonly #ingest: HttpIngest;
  readonly #playout: HttpPlayout;

  constructor(ingest: HttpIngest, playout: HttpPlayout) {
    this.#ingest = ingest;
    this.#playout = playout;
  }

  async answer(exchange: Exchange): Promise<void> {
    const { method, url = '/' } = exchange.request;
    const path = parseMediaPath(url);
    if (path.name === '') {
      return sendProblem(exchange, 'path_invalid', 'Streams are at /NAME/mpegts and /NAME/m4s.');
    }
    switch (method) {
      case 'POST':
      case 'PUT':
        return this.#ingest.publish(exchange, path);
      case 'GET':
      case 'HEAD':
        return this.#playout.play(exchange, path);
      case 'OPTIONS':
        return this.#playout.preflight(exchange);
      default:
        return sendProblem(exchange, 'method_not_allowed', 'Publish with POST or PUT, play with GET.', {
          allow: 'GET, HEAD, OPTIONS, POST, PUT',
        });
    }
  }
}
