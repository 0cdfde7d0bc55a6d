import { withTimeout } from '../publisher/cancel.ts';
import { PublishError } from '../publisher/errors.ts';
import type { Connection, Dial } from '../publisher/publisher.ts';
import { Negotiation, type RequestOptions } from './negotiation.ts';
import type { ResponseHead } from './response-head.ts';
import { dialOptions, type HttpTarget } from './url.ts';

export interface OpenOptions {
  readonly dial: Dial;
  /** Drops the connection. */
  readonly signal: AbortSignal;
  /** For everything up to acceptance, on however many connections. */
  readonly timeoutMs: number;
}

/** A connection on which the head is to be sent. */
export interface Round {
  readonly connection: Connection;
  /** Where redirects have led. */
  readonly target: HttpTarget;
  readonly head: Buffer;
  /** The head asks for a word before the body. */
  readonly expectsContinue: boolean;
  /** How long it took to get the connection: at least one round trip. */
  readonly dialMs: number;
  readonly signal: AbortSignal;
}

/** What came of a round: the thing that was to be opened, or the answer that refused it. */
export type Outcome<T> = { readonly opened: T } | { readonly refusal: ResponseHead };

/**
 * Sends a request on as many connections as redirects and logins take, until a server accepts it. `attempt` makes one round, and leaves no
 * socket when it throws or is refused. Rejects with PublishError (`connect_timeout`, those of dial and of Negotiation), or with the reason of
 * the signal.
 */
export async function openRequest<T>(
  request: RequestOptions,
  { dial, signal, timeoutMs }: OpenOptions,
  attempt: (round: Round) => Promise<Outcome<T>>,
): Promise<T> {
  let awaited = 'no connection yet';
  const timeout = withTimeout(signal, timeoutMs, () => new PublishError('connect_timeout', awaited));
  const negotiation = new Negotiation(request);
  try {
    for (;;) {
      const { target, isRedirected: redirected, expectsContinue } = negotiation;
      const startedAtMs = performance.now();
      const connection = await dial({ ...dialOptions(target), redirected, signal: timeout.signal });
      const dialMs = performance.now() - startedAtMs;
      awaited = `no answer to ${request.method}`;
      const head = negotiation.requestHead();
      const outcome = await attempt({ connection, target, head, expectsContinue, dialMs, signal: timeout.signal });
      if ('opened' in outcome) {
        negotiation.accepted();
        return outcome.opened;
      }
      negotiation.refused(outcome.refusal);
    }
  } catch (error) {
    throw timeout.signal.aborted ? timeout.signal.reason : error;
  } finally {
    timeout.stop();
  }
}
