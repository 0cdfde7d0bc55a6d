import type { Socket } from 'node:net';
import type { BatchSink } from '@pushfleet/protocols';
import { type Exchange, ignoreBody } from '../http/exchange.ts';
import type { MediaFormat, MediaPath } from '../http/media-path.ts';
import { sendElsewhere, sendProblem } from '../http/problems.ts';
import type { Elsewhere } from './elsewhere.ts';
import { playFormats } from './media-bodies.ts';
import type { Play, Players } from './players.ts';
import type { Publications } from './publications.ts';

export interface HttpPlayoutDeps {
  readonly players: Players;
  readonly publications: Publications;
  readonly elsewhere: Elsewhere;
  readonly draining: () => boolean;
}

/** Longest time that a player may leave waiting bytes unread. */
const WRITE_TIMEOUT_MS = 15_000;
/** A page of the dashboard, which comes from another port, may show the stream. */
const ANY_ORIGIN = { 'access-control-allow-origin': '*' };
const PREFLIGHT = {
  ...ANY_ORIGIN,
  'access-control-allow-methods': 'GET, HEAD, OPTIONS',
  'access-control-allow-headers': '*',
};

/** Serves streams as the body of a response that does not end: MPEG-TS and fragmented MP4. */
export class HttpPlayout {
  readonly #deps: HttpPlayoutDeps;
  readonly #sinks = new Set<ResponseSink>();

  constructor(deps: HttpPlayoutDeps) {
    this.#deps = deps;
  }

  async play(exchange: Exchange, { name, format, query }: MediaPath): Promise<void> {
    if (format === undefined) {
      return sendProblem(exchange, 'not_found', 'A stream is played at /NAME/mpegts or /NAME/m4s.', ANY_ORIGIN);
    }
    const { request } = exchange;
    if (request.httpVersion === '1.0') {
      // What is sent is shared by all players of the stream, chunk heads included.
      return sendProblem(exchange, 'http_version', 'Ask with HTTP/1.1 (nginx: proxy_http_version 1.1).', ANY_ORIGIN);
    }
    const address = await this.#address(name);
    if (address !== undefined) return sendElsewhere(exchange, address, ANY_ORIGIN);
    const admission = await this.#deps.players.admit(name, query);
    if (!admission.accept) {
      return sendProblem(exchange, admission.code, admission.reason, ANY_ORIGIN);
    }
    this.#serve(exchange, format, admission.play);
  }

  /** What a browser asks before a request that it does not trust. */
  preflight(exchange: Exchange): void {
    ignoreBody(exchange);
    exchange.response.writeHead(204, PREFLIGHT).end();
  }

  /** Ends every response in order. */
  close(): void {
    for (const sink of this.#sinks) sink.end();
  }

  /** Where the stream is, when that is not here. What is published here is served here, also when this worker is being drained. */
  async #address(name: string): Promise<string | undefined> {
    const { publications, players, elsewhere, draining } = this.#deps;
    if (publications.has(name)) return undefined;
    if (draining()) return elsewhere.any(name);
    return players.isLive(name) ? undefined : elsewhere.host(name);
  }

  #serve({ request, response }: Exchange, format: MediaFormat, play: Play): void {
    const { contentType, wireFormat } = playFormats[format];
    const { socket } = response;
    const fields = { 'content-type': contentType, 'cache-control': 'no-store', connection: 'close', ...ANY_ORIGIN };
    response.writeHead(200, { ...fields, 'transfer-encoding': 'chunked' });
    if (request.method === 'HEAD' || socket === null || socket.destroyed) {
      play.stopped();
      response.end();
      return;
    }
    response.flushHeaders();
    const sink = new ResponseSink(socket, () => response.end());
    this.#sinks.add(sink);
    // With a listener of its own: otherwise the server would hang up on a player whose stream is silent.
    response.setTimeout(WRITE_TIMEOUT_MS, () => {
      if (socket.writableLength > 0) socket.destroy();
    });
    socket.once('close', () => {
      this.#sinks.delete(sink);
      play.stopped();
    });
    play.start(wireFormat, sink);
  }
}

/** Hands batches, which are chunks already, to the socket of a response. */
class ResponseSink implements BatchSink {
  readonly #socket: Socket;
  readonly #onEnd: () => void;

  constructor(socket: Socket, onEnd: () => void) {
    this.#socket = socket;
    this.#onEnd = onEnd;
  }

  write(bytes: Buffer): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  end(): void {
    this.#onEnd();
  }

  get pendingBytes(): number {
    return this.#socket.writableLength;
  }
}
