import { abortion } from '../publisher/cancel.ts';
import { PublishError } from '../publisher/errors.ts';
import type { Authenticator } from './auth.ts';
import { type Body, bodyOf } from './body.ts';
import { Exchange } from './exchange.ts';
import { type OpenOptions, type Outcome, openRequest, type Round } from './request.ts';
import type { Field } from './request-head.ts';
import type { ResponseHead } from './response-head.ts';
import type { HttpTarget } from './url.ts';

export interface DownloadOptions extends OpenOptions {
  readonly target: HttpTarget;
  /** Fields of the protocol. */
  readonly fields?: readonly Field[];
  /** Fields of the owner of the input: see RequestOptions. */
  readonly headers?: Readonly<Record<string, string>>;
  /** See RequestOptions. */
  readonly authenticator?: Authenticator;
  /**
   * The body, piece by piece, without its framing; may come before `openDownload` has resolved. Pieces may be kept and are not to be
   * written to. What it throws ends the download: MalformedError as `protocol_violation`.
   */
  readonly onBytes: (bytes: Buffer) => void;
}

/**
 * Gets a resource that may have no end. Resolves with the head of a 2xx response; follows redirects and answers challenges on the way. `signal`
 * goes for the body as well; the silence of a server is for the caller to notice. Rejects with PublishError, or with the reason of the signal;
 * no socket and no timer is left then.
 */
export async function openDownload(options: DownloadOptions): Promise<Download> {
  const { target, fields = [], headers = {}, authenticator, onBytes, signal } = options;
  const own: Field[] = [['Accept', '*/*'], ['Connection', 'close'], ...fields];
  const request = { target, method: 'GET', headers, authenticator, fields: own } as const;
  const download = await openRequest(request, options, (round) => openRound(round, onBytes));
  const aborted = abortion(signal);
  void aborted.promise.then(() => download.fail(signal.reason));
  void download.ended.catch(() => {}).finally(aborted.stop);
  return download;
}

async function openRound(round: Round, onBytes: (bytes: Buffer) => void): Promise<Outcome<Download>> {
  const download = new Download(round, onBytes);
  const aborted = abortion(round.signal);
  round.connection.socket.write(round.head);
  const verdict = await Promise.race([download.verdict, aborted.promise]);
  aborted.stop();
  if (verdict === 'accepted') return { opened: download };
  download.destroy();
  if (verdict === 'aborted') throw round.signal.reason;
  if (verdict instanceof Error) throw verdict;
  return { refusal: verdict };
}

/** A response whose body is coming in. */
export class Download {
  /** What was got: where redirects have led, with the login that was of use there. */
  readonly target: HttpTarget;
  readonly #exchange: Exchange;
  readonly #onBytes: (bytes: Buffer) => void;
  readonly #verdict = Promise.withResolvers<'accepted' | ResponseHead | Error>();
  readonly #ended = Promise.withResolvers<void>();
  #head: ResponseHead | undefined;
  #body: Body | undefined;

  constructor({ connection, target }: Pick<Round, 'connection' | 'target'>, onBytes: (bytes: Buffer) => void) {
    this.target = target;
    this.#onBytes = onBytes;
    this.#ended.promise.catch(() => {}); // nobody has to look
    this.#exchange = new Exchange(connection, {
      head: (head) => this.#onHead(head),
      body: (bytes) => this.#receive(bytes),
      closed: (reason) => this.#onClosed(reason),
      failed: (error) => this.fail(error),
    });
  }

  /** `ip:port`. */
  get peer(): string {
    return this.#exchange.peer;
  }

  /** Of the response that has brought the body. */
  get head(): ResponseHead {
    if (this.#head === undefined) throw new Error('there is no response yet');
    return this.#head;
  }

  /** For openDownload. */
  get verdict(): Promise<'accepted' | ResponseHead | Error> {
    return this.#verdict.promise;
  }

  /**
   * Resolves when the body is complete. Rejects with PublishError: `source_lost` when it was cut off; or with the reason of the signal. No socket is
   * left then. After `destroy` it stays open for ever.
   */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** For openDownload: ends it with an error. */
  fail(error: Error): void {
    this.#verdict.resolve(error);
    this.#ended.reject(error);
    this.destroy();
  }

  destroy(): void {
    this.#exchange.destroy();
  }

  #onHead(head: ResponseHead): void {
    if (head.status < 200) return;
    if (head.status >= 300) {
      this.#verdict.resolve(head);
      return;
    }
    this.#head = head;
    this.#body = bodyOf(head, this.#onBytes);
    this.#verdict.resolve('accepted');
    if (this.#body.isComplete) this.#complete();
  }

  #receive(bytes: Buffer): void {
    this.#body?.push(bytes);
    if (this.#body?.isComplete) this.#complete();
  }

  #complete(): void {
    this.#ended.resolve();
    this.destroy();
  }

  #onClosed(reason: string): void {
    const prefix = reason === '' ? '' : `${reason} `;
    if (this.#body === undefined) this.fail(new PublishError('target_closed', `${prefix}before it answered`));
    else if (this.#body.endsWithConnection && reason === '') this.#complete();
    else this.fail(new PublishError('source_lost', `${prefix}before the body was complete`));
  }
}
