import { MalformedError, rescale, type Sample, type Track } from '@pushfleet/protocols';
import type { Exchange } from '../http/exchange.ts';
import { type ProblemCode, sendProblem } from '../http/problems.ts';
import { type BodyReceiver, BodyRefusal } from './media-bodies.ts';
import type { Publication, Refusal } from './publications.ts';
import type { SourceEvents } from './source-events.ts';

export interface UploadDeps {
  readonly createReceiver: (events: SourceEvents) => BodyReceiver;
  /** A publisher that sends no media for this long is sent away. */
  readonly mediaTimeoutMs: number;
  /** A fault of ours met while the body was read. */
  readonly failed: (error: unknown) => void;
}

/** TCP's own probes: they tell a publisher that is silent from one whose host is gone. */
const KEEP_ALIVE_MS = 10_000;
const WATCH_MS = 500;

/** One request whose body is a publication. */
export class HttpUpload {
  readonly #exchange: Exchange;
  readonly #deps: UploadDeps;
  readonly #receiver: BodyReceiver;
  #publication: Publication | undefined;
  #closedBefore: Refusal | undefined;
  #isOver = false;
  #bytes = 0;
  #lastDtsMs: number | null = null;
  /** performance.now() at the last media, or whatever else says that the publisher goes on. */
  #lastSignAt = 0;

  constructor(exchange: Exchange, deps: UploadDeps) {
    this.#exchange = exchange;
    this.#deps = deps;
    this.#receiver = deps.createReceiver({
      tracks: (tracks) => this.#tracks(tracks),
      sample: (sample) => this.#sample(sample),
    });
  }

  /** The publisher is in: its body is read from now on. */
  begin(publication: Publication): void {
    this.#publication = publication;
    if (this.#closedBefore !== undefined) this.close(this.#closedBefore);
    else if (this.#exchange.request.destroyed) this.#end('the publisher has left');
    else this.#receive();
  }

  /** Ends the publication and tells the publisher why. */
  close({ code, reason }: Refusal): void {
    if (this.#publication === undefined) this.#closedBefore ??= { code, reason };
    else this.#fail(code, reason);
  }

  #receive(): void {
    const { request, proceed } = this.#exchange;
    request.socket.setKeepAlive(true, KEEP_ALIVE_MS);
    this.#lastSignAt = performance.now();
    const watch = setInterval(() => this.#watch(), Math.min(WATCH_MS, this.#deps.mediaTimeoutMs));
    request.on('data', (bytes: Buffer) => this.#read(() => this.#push(bytes)));
    request.on('end', () => this.#read(() => this.#finish()));
    request.on('error', () => {}); // 'close' comes as well
    request.on('close', () => {
      clearInterval(watch);
      this.#end('the connection broke');
    });
    proceed();
  }

  #tracks(tracks: readonly Track[]): void {
    if (!this.#isOver) this.#publication?.source.tracks(tracks);
  }

  #sample(sample: Sample): void {
    if (this.#isOver) return;
    this.#lastSignAt = performance.now();
    this.#lastDtsMs = rescale(sample.dts, sample.track.timescale, 1000);
    this.#publication?.source.sample(sample);
  }

  #push(bytes: Buffer): void {
    this.#bytes += bytes.length;
    if (this.#receiver.hasKeepAlive) this.#lastSignAt = performance.now();
    this.#receiver.push(bytes);
  }

  #finish(): void {
    const isFinal = this.#receiver.end();
    this.#end(isFinal ? 'the publisher has ended the stream' : 'the publisher has ended the request');
    const status = isFinal ? 'ended' : 'interrupted';
    const body = { status, lastDts: this.#lastDtsMs, bytes: this.#bytes };
    this.#exchange.response.writeHead(200, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
  }

  /** What one publisher sends must never end the process, and with it everybody's connections. */
  #read(act: () => void): void {
    if (this.#isOver) return;
    try {
      act();
    } catch (error) {
      this.#refuse(error);
    }
  }

  #refuse(error: unknown): void {
    if (error instanceof BodyRefusal) {
      this.#fail(error.code, error.message);
    } else if (error instanceof MalformedError) {
      this.#fail('malformed_media', error.message);
    } else {
      this.#deps.failed(error);
      this.#fail('internal_error', 'the worker failed to take what was sent');
    }
  }

  #watch(): void {
    const { mediaTimeoutMs } = this.#deps;
    if (performance.now() - this.#lastSignAt < mediaTimeoutMs) return;
    this.#fail('publisher_silent', `no media for ${mediaTimeoutMs} ms`);
  }

  #fail(code: ProblemCode, reason: string): void {
    if (this.#isOver) return;
    this.#end(reason);
    sendProblem(this.#exchange, code, reason);
  }

  #end(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#publication?.ended(reason);
  }
}
