import { abortion } from '../publisher/cancel.ts';
import { PublishError } from '../publisher/errors.ts';
import type { Connection } from '../publisher/publisher.ts';
import { Exchange } from './exchange.ts';
import { type ExpectMode, failureOf } from './negotiation.ts';
import { isRedirect } from './redirects.ts';
import { type OpenOptions, type Outcome, openRequest, type Round } from './request.ts';
import type { Field } from './request-head.ts';
import { describeResponse, type ResponseHead } from './response-head.ts';
import type { HttpTarget } from './url.ts';

export interface UploadOptions extends OpenOptions {
  readonly target: HttpTarget;
  readonly method?: 'POST' | 'PUT';
  /** Fields of the protocol, such as Content-Type. */
  readonly fields?: readonly Field[];
  /** Fields of the owner of the push: see RequestOptions. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Default `when-useful`. */
  readonly expect?: ExpectMode;
}

/** How long a server may think about `100 Continue`; many know nothing of it (ffmpeg), so the body goes out then. */
const CONTINUE_TIMEOUT_MS = 1000;
/**
 * Who is not asked says nothing when it accepts, but refuses at once: a refusal takes a round trip and this long. A round trip takes no longer
 * than it took to connect.
 */
const REFUSAL_WINDOW_MS = 250;
const MAX_ROUND_TRIP_MS = 750;

/**
 * Opens one long chunked request body. Resolves when the server has accepted it: with 100 or 2xx, or by not refusing it in time. Follows redirects
 * and answers challenges on the way; each call begins at the configured target again. Rejects with PublishError, or with the reason of the signal;
 * no socket and no timer is left then.
 */
export async function openUpload(options: UploadOptions): Promise<Upload> {
  const { target, method = 'POST', fields = [], headers = {}, expect = 'when-useful', timeoutMs } = options;
  const framing: Field = ['Transfer-Encoding', 'chunked'];
  const request = { target, method, headers, expect, fields: [...fields, framing] };
  return openRequest(request, options, (round) => openRound(round, timeoutMs));
}

async function openRound(round: Round, timeoutMs: number): Promise<Outcome<Upload>> {
  const upload = new Upload(round.connection);
  const patienceMs = round.expectsContinue
    ? CONTINUE_TIMEOUT_MS
    : REFUSAL_WINDOW_MS + Math.min(round.dialMs, MAX_ROUND_TRIP_MS);
  const aborted = abortion(round.signal);
  const timer = setTimeout(() => upload.accept(), Math.min(patienceMs, timeoutMs / 2));
  round.connection.socket.write(round.head);
  const verdict = await Promise.race([upload.verdict, aborted.promise]);
  clearTimeout(timer);
  aborted.stop();
  if (verdict === 'accepted') return { opened: upload };
  upload.destroy();
  if (verdict === 'aborted') throw round.signal.reason;
  if (verdict instanceof PublishError) throw verdict;
  return { refusal: verdict };
}

/** `asking`: the head is out. `accepted`: the body goes out. `finishing`: our last word is said. */
type UploadState = 'asking' | 'accepted' | 'finishing' | 'over';

/** A request whose body is being sent: write its chunks to `socket`. */
export class Upload {
  readonly #exchange: Exchange;
  readonly #verdict = Promise.withResolvers<'accepted' | ResponseHead | PublishError>();
  readonly #failure = Promise.withResolvers<PublishError>();
  /** Resolves with the final response, or when none can come. */
  readonly #answered = Promise.withResolvers<void>();
  #state: UploadState = 'asking';
  #acceptedAtMs = 0;
  /** What the server has said last. */
  #answer = '';

  constructor(connection: Connection) {
    this.#exchange = new Exchange(connection, {
      head: (head) => this.#onHead(head),
      body: () => {}, // nobody reads what a server says to a stream
      closed: (reason) => this.#onClosed(reason),
      failed: (error) => this.#fail(error),
    });
  }

  get socket(): Connection['socket'] {
    return this.#exchange.socket;
  }

  /** `ip:port`. */
  get peer(): string {
    return this.#exchange.peer;
  }

  /** Bytes that the kernel has taken, the head included. */
  get bytesSent(): number {
    return this.#exchange.bytesSent;
  }

  /** `performance.now()` of the acceptance. */
  get acceptedAtMs(): number {
    return this.#acceptedAtMs;
  }

  /** For openUpload. */
  get verdict(): Promise<'accepted' | ResponseHead | PublishError> {
    return this.#verdict.promise;
  }

  /** Resolves when the server has refused the body under way or has closed the connection; never rejects. */
  get failure(): Promise<PublishError> {
    return this.#failure.promise;
  }

  /** For openUpload: the body may be sent. */
  accept(): void {
    if (this.#state !== 'asking') return;
    this.#state = 'accepted';
    this.#acceptedAtMs = performance.now();
    this.#verdict.resolve('accepted');
  }

  /**
   * Ends the body with `trailer` (LAST_CHUNK, perhaps with chunks before it), waits for the answer of the server, closes and waits for it to close too:
   * at most so long in all. No socket is left then.
   */
  async finish(trailer: Buffer, timeoutMs: number): Promise<void> {
    if (this.#state === 'accepted') this.#state = 'finishing';
    const impatience = setTimeout(() => this.#answered.resolve(), timeoutMs / 2);
    const deadline = setTimeout(() => this.destroy(), timeoutMs);
    this.socket.write(trailer);
    await this.#answered.promise; // a FIN before the answer looks like a broken client to some proxies
    clearTimeout(impatience);
    this.socket.end();
    await this.#exchange.closed;
    clearTimeout(deadline);
  }

  destroy(): void {
    this.#state = 'over';
    this.#answered.resolve();
    this.#exchange.destroy();
  }

  #onHead(head: ResponseHead): void {
    if (head.status >= 200) {
      this.#answer = describeResponse(head);
      this.#answered.resolve();
    }
    if (this.#state === 'asking') this.#onVerdict(head);
    else if (this.#state === 'accepted' && head.status >= 300) this.#fail(lateRefusal(head));
  }

  /** Other 1xx are no answer yet, and a 2xx may come before the body: who has said it wants the rest all the same (ffmpeg). */
  #onVerdict(head: ResponseHead): void {
    if (head.status === 100 || (head.status >= 200 && head.status < 300)) this.accept();
    else if (head.status >= 200) this.#verdict.resolve(head);
  }

  #onClosed(reason: string): void {
    const when =
      this.#state === 'asking'
        ? 'before it answered'
        : this.#answer === ''
          ? 'without an answer'
          : `after ${this.#answer}`;
    this.#answered.resolve();
    this.#fail(new PublishError('target_closed', reason === '' ? when : `${reason} ${when}`));
  }

  #fail(error: PublishError): void {
    if (this.#state === 'finishing' || this.#state === 'over') return;
    this.#verdict.resolve(error);
    this.#failure.resolve(error);
    this.destroy();
  }
}

/** The body cannot be taken back, so that the attempt is over; the next one sees the same answer, if it comes in time. */
function lateRefusal(head: ResponseHead): PublishError {
  if (!isRedirect(head)) return failureOf(head);
  return new PublishError('target_closed', `${describeResponse(head)} after the body had begun`);
}
