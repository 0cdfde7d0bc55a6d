import { abortion } from '../publisher/cancel.ts';
import { PublishError } from '../publisher/errors.ts';
import type { Connection } from '../publisher/publisher.ts';
import { Exchange } from './exchange.ts';
import { type ExplainRefusal, failureOf } from './negotiation.ts';
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
  /**
   * Default true: some servers (Apache) read the whole body before they refuse it, and that of a stream has no end. It costs a second where
   * the server does not know of it.
   */
  readonly expect?: boolean;
  /** What a refusal means to this protocol in particular, before the body or in its midst. */
  readonly explain?: ExplainRefusal;
}

/** How long a server may think about `100 Continue`; many know nothing of it (ffmpeg), so the body goes out then. */
const CONTINUE_TIMEOUT_MS = 1000;
/** nginx invites the body even when it refuses the request in the next breath, and that breath may take a delayed acknowledgement. */
const SECOND_THOUGHT_MS = 100;
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
  const { target, method = 'POST', fields = [], headers = {}, expect = true, explain, timeoutMs } = options;
  const framing: Field = ['Transfer-Encoding', 'chunked'];
  const request = { target, method, headers, expect, explain, fields: [...fields, framing] };
  return openRequest(request, options, (round) => openRound(round, timeoutMs, explain));
}

async function openRound(round: Round, timeoutMs: number, explain?: ExplainRefusal): Promise<Outcome<Upload>> {
  const roundTripMs = Math.min(round.dialMs, MAX_ROUND_TRIP_MS);
  const silenceMs = round.expectsContinue ? CONTINUE_TIMEOUT_MS : REFUSAL_WINDOW_MS + roundTripMs;
  const patience = {
    silenceMs: Math.min(silenceMs, timeoutMs / 2),
    invitationMs: Math.min(SECOND_THOUGHT_MS + roundTripMs, timeoutMs / 2),
  };
  const upload = new Upload(round.connection, patience, explain);
  const aborted = abortion(round.signal);
  round.connection.socket.write(round.head);
  const verdict = await Promise.race([upload.verdict, aborted.promise]);
  aborted.stop();
  if (verdict === 'accepted') return { opened: upload };
  upload.destroy();
  if (verdict === 'aborted') throw round.signal.reason;
  if (verdict instanceof PublishError) throw verdict;
  return { refusal: verdict };
}

/** How long to wait for a refusal before the body goes out. */
interface Patience {
  /** After the head. */
  readonly silenceMs: number;
  /** After 100 Continue. */
  readonly invitationMs: number;
}

/** `asking`: the head is out. `invited`: 100 has come. `accepted`: the body goes out. `finishing`: our last word is said. */
type UploadState = 'asking' | 'invited' | 'accepted' | 'finishing' | 'over';

/** A request whose body is being sent: write its chunks to `socket`. */
export class Upload {
  readonly #exchange: Exchange;
  readonly #patience: Patience;
  readonly #explain: ExplainRefusal;
  readonly #verdict = Promise.withResolvers<'accepted' | ResponseHead | PublishError>();
  readonly #failure = Promise.withResolvers<PublishError>();
  /** Resolves with the final response, or when none can come. */
  readonly #answered = Promise.withResolvers<void>();
  #state: UploadState = 'asking';
  /** Silence is consent when it runs out. */
  #timer: NodeJS.Timeout;
  #acceptedAtMs = 0;
  /** What the server has said last. */
  #answer = '';

  /** For openUpload, which sends the head. */
  constructor(connection: Connection, patience: Patience, explain: ExplainRefusal = () => undefined) {
    this.#patience = patience;
    this.#explain = explain;
    this.#timer = setTimeout(() => this.#accept(), patience.silenceMs);
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
    clearTimeout(this.#timer);
    this.#answered.resolve();
    this.#exchange.destroy();
  }

  #onHead(head: ResponseHead): void {
    if (head.status >= 200) {
      this.#answer = describeResponse(head);
      this.#answered.resolve();
    }
    if (this.#isUndecided) this.#onVerdict(head);
    else if (this.#state === 'accepted' && head.status >= 300) this.#fail(this.#explain(head) ?? lateRefusal(head));
  }

  get #isUndecided(): boolean {
    return this.#state === 'asking' || this.#state === 'invited';
  }

  /** A 2xx may come before the body: who says it wants the rest all the same (ffmpeg). Other 1xx are no answer yet. */
  #onVerdict(head: ResponseHead): void {
    if (head.status >= 300) this.#verdict.resolve(head);
    else if (head.status >= 200) this.#accept();
    else if (head.status === 100 && this.#state === 'asking') this.#invited();
  }

  #invited(): void {
    this.#state = 'invited';
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#accept(), this.#patience.invitationMs);
  }

  #accept(): void {
    if (!this.#isUndecided) return;
    clearTimeout(this.#timer);
    this.#state = 'accepted';
    this.#acceptedAtMs = performance.now();
    this.#verdict.resolve('accepted');
  }

  #onClosed(reason: string): void {
    const when = this.#isUndecided
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
