import type { PublishError } from '../publisher/errors.ts';
import { Authenticator } from './auth.ts';
import { httpFailure } from './failure.ts';
import { isRedirect, RedirectTrail } from './redirects.ts';
import { type Field, serializeRequestHead, withAddedFields } from './request-head.ts';
import { describeResponse, type ResponseHead } from './response-head.ts';
import { authorityOf, type HttpTarget } from './url.ts';

export type ExplainRefusal = (response: ResponseHead) => PublishError | undefined;

export interface RequestOptions {
  readonly target: HttpTarget;
  readonly method: 'GET' | 'POST' | 'PUT';
  /** Fields of the protocol, framing included, without Host, User-Agent, Authorization and Expect. */
  readonly fields: readonly Field[];
  /**
   * Fields of the owner of the push, which replace others of the same name but not the framing. Secret: other hosts are not told, except for
   * User-Agent, Content-Type and Accept.
   */
  readonly headers?: Readonly<Record<string, string>>;
  /** Ask the server whether it wants the body before it gets it. */
  readonly expect?: boolean;
  /** What a refusal means to this protocol in particular; undefined when no more than to any other. */
  readonly explain?: ExplainRefusal | undefined;
  /** Shared by requests to one host, so that only the first of them is asked for its login. */
  readonly authenticator?: Authenticator | undefined;
}

const USER_AGENT = 'Pushfleet';
const OPEN_FIELDS: ReadonlySet<string> = new Set(['user-agent', 'content-type', 'accept']);

/** What becomes of one request on its way through redirects, logins and servers that expect nothing: each connection asks here what to say. */
export class Negotiation {
  readonly #options: RequestOptions;
  readonly #trail: RedirectTrail;
  #authenticator: Authenticator;
  #mayExpect: boolean;

  constructor(options: RequestOptions) {
    this.#options = options;
    this.#trail = new RedirectTrail(options.target);
    this.#authenticator = options.authenticator ?? new Authenticator(options.target);
    this.#mayExpect = options.expect === true;
  }

  get target(): HttpTarget {
    return this.#trail.target;
  }

  get isRedirected(): boolean {
    return this.#trail.isRedirected;
  }

  /** The next request asks before it sends its body. */
  get expectsContinue(): boolean {
    return this.#mayExpect;
  }

  /** To be called once for each connection: answers to challenges are counted. */
  requestHead(): Buffer {
    const { method, fields, headers = {} } = this.#options;
    const { path } = this.target;
    const authorization = this.#authenticator.authorization({ method, uri: path });
    const own: Field[] = [['User-Agent', USER_AGENT], ...fields];
    if (authorization !== undefined) own.push(['Authorization', authorization]);
    const all: Field[] = [
      ['Host', authorityOf(this.target)],
      ...withAddedFields(own, this.#trail.isHome ? headers : openOf(headers)),
    ];
    if (this.expectsContinue) all.push(['Expect', '100-continue']);
    return serializeRequestHead(method, path, all);
  }

  /** The server has taken the request: a login that it asks for again later is a new question. */
  accepted(): void {
    this.#authenticator.accepted();
  }

  /** Takes a refusal to heart: returns when the request may be sent again, in other words or elsewhere; throws PublishError when not. */
  refused(response: ResponseHead): void {
    if (isRedirect(response)) {
      this.#follow(response);
    } else if (response.status === 417 && this.expectsContinue) {
      this.#mayExpect = false;
    } else if (
      response.status !== 401 ||
      !this.#authenticator.challenged(response.fields.get('www-authenticate') ?? [])
    ) {
      throw this.#failureOf(response);
    }
  }

  #failureOf(response: ResponseHead): PublishError {
    const explained = this.#options.explain?.(response);
    if (explained !== undefined) return explained;
    if (response.status !== 401 || this.#trail.isHome) return failureOf(response);
    const why = 'from a host that a redirect has led to and that is not told the login of the URL';
    return httpFailure(response.status, `${describeResponse(response)} ${why}`);
  }

  #follow(response: ResponseHead): void {
    const before = this.target;
    this.#trail.follow(response);
    const { user, password } = this.target;
    const isSameLogin =
      user === before.user && password === before.password && authorityOf(this.target) === authorityOf(before);
    if (!isSameLogin) this.#authenticator = new Authenticator(this.target);
  }
}

/** What a response that ends the attempt stands for. */
export function failureOf(response: ResponseHead): PublishError {
  return httpFailure(response.status, describeResponse(response));
}

function openOf(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => OPEN_FIELDS.has(name.toLowerCase())));
}
