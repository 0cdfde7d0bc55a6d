import { createHash, timingSafeEqual } from 'node:crypto';
import cookie from '@fastify/cookie';
import type { Secret } from '@pushfleet/config';
import { ApiError } from '@pushfleet/contract';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { LoginLimit } from '../auth/login-limit.ts';
import { type Session, Sessions } from '../auth/sessions.ts';
import { sendProblem } from './problems.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answers without a token. */
    isPublic?: boolean;
  }
}

export interface AuthOptions {
  /** Undefined: nothing is asked, which the configuration allows on loopback only. */
  readonly token: Secret | undefined;
}

const COOKIE = 'pushfleet_session';

/** Who may do what: one token for everything, sent with each request or changed for a session by browsers. */
export class Auth {
  readonly #expected: Buffer | undefined;
  readonly #sessions: Sessions | undefined;
  readonly #limit = new LoginLimit();

  constructor({ token }: AuthOptions) {
    this.#expected = token === undefined ? undefined : digest(token.reveal());
    this.#sessions = token === undefined ? undefined : new Sessions(token);
  }

  get isTokenNeeded(): boolean {
    return this.#expected !== undefined;
  }

  /** Why this request is not served; undefined when it is. */
  refusal(request: FastifyRequest): ApiError | undefined {
    if (this.#expected === undefined) {
      if (isLoopbackHost(request.hostname)) return undefined;
      return new ApiError('forbidden', 'Without PUSHFLEET_TOKEN only localhost is served.');
    }
    const given = credentials(request.headers.authorization);
    if (given !== undefined) return this.#isToken(given) ? undefined : new ApiError('unauthorized');
    if (this.session(request) === undefined) return new ApiError('unauthorized');
    if (isRead(request) || isFromOwnPage(request)) return undefined;
    return new ApiError('forbidden', 'A change by a session needs the head field X-Requested-With.');
  }

  /** Sent, not thrown: Bull Board brings an error handler of its own. */
  sendRefusal(request: FastifyRequest, reply: FastifyReply, refusal: ApiError): FastifyReply {
    if (refusal.code === 'unauthorized') reply.header('www-authenticate', challenge(request));
    return sendProblem(request, reply, refusal);
  }

  /** The session of a request that has one. */
  session(request: FastifyRequest): Session | undefined {
    const signed = request.cookies[COOKIE];
    return signed === undefined ? undefined : this.#sessions?.verify(signed, Date.now());
  }

  /** Begins a session. Throws ApiError `unauthorized` or `too_many_logins`. */
  login(request: FastifyRequest, reply: FastifyReply, token: string): void {
    if (this.#sessions === undefined) return;
    const waitSeconds = this.#limit.waitSeconds(request.ip, performance.now());
    if (waitSeconds > 0) {
      reply.header('retry-after', waitSeconds);
      throw new ApiError('too_many_logins', `Too many wrong tokens were sent: try again in ${waitSeconds} s.`);
    }
    if (!this.#isToken(token)) {
      this.#limit.failed(request.ip, performance.now());
      throw new ApiError('unauthorized', 'The token is wrong: it is what PUSHFLEET_TOKEN of the scheduler says.');
    }
    this.#send(reply, request, this.#sessions.begin(Date.now()));
  }

  logout(request: FastifyRequest, reply: FastifyReply): void {
    const session = this.session(request);
    if (session !== undefined) this.#sessions?.end(session);
    reply.clearCookie(COOKIE, cookieFields(request));
  }

  /** A session that is used goes on. */
  renew(request: FastifyRequest, reply: FastifyReply): void {
    const session = this.session(request);
    const renewed = session && this.#sessions?.renew(session, Date.now());
    if (renewed !== undefined) this.#send(reply, request, renewed);
  }

  #send(reply: FastifyReply, request: FastifyRequest, session: Session): void {
    const expires = new Date(session.until * 1_000);
    reply.setCookie(COOKIE, this.#sessions!.sign(session), { ...cookieFields(request), expires });
  }

  #isToken(given: string): boolean {
    return timingSafeEqual(digest(given), this.#expected!);
  }
}

/** Asks for the token or a session on everything but public routes, and keeps foreign web pages out. */
export async function registerAuth(app: FastifyInstance, auth: Auth): Promise<void> {
  await app.register(cookie);
  app.addHook('onRequest', async (request, reply) => {
    const refusal = isForeignPage(request)
      ? new ApiError('forbidden', 'Requests from pages of other sites are refused.')
      : request.routeOptions.config.isPublic
        ? undefined
        : auth.refusal(request);
    if (refusal === undefined) return auth.renew(request, reply);
    return auth.sendRefusal(request, reply, refusal);
  });
}

/** Browsers ask for the password themselves; programs get told about the token. */
function challenge(request: FastifyRequest): string {
  return request.url.startsWith('/api/') ? 'Bearer realm="pushfleet"' : 'Basic realm="pushfleet", charset="UTF-8"';
}

/** The token of `Bearer TOKEN`, or the password of `Basic` with any user name. */
function credentials(header: string | undefined): string | undefined {
  const [scheme = '', value = ''] = header?.split(/\s+/, 2) ?? [];
  if (/^bearer$/i.test(scheme)) return value;
  if (!/^basic$/i.test(scheme)) return undefined;
  const login = Buffer.from(value, 'base64').toString();
  return login.includes(':') ? login.slice(login.indexOf(':') + 1) : undefined;
}

const isRead = ({ method }: FastifyRequest): boolean => method === 'GET' || method === 'HEAD';

/** A browser says where a request comes from. Without this a page of anybody could make a browser that is logged in change things. */
function isForeignPage(request: FastifyRequest): boolean {
  if (isRead(request)) return false;
  const site = request.headers['sec-fetch-site'];
  if (site === 'cross-site' || site === 'same-site') return true;
  const origin = request.headers.origin;
  return origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== request.host);
}

/** Of a request that no foreign page has sent: the browser says so, or a field is there that no form of a foreign page could add. */
function isFromOwnPage({ headers }: FastifyRequest): boolean {
  return headers.origin !== undefined || headers['sec-fetch-site'] === 'same-origin' || 'x-requested-with' in headers;
}

/** `Secure` where the browser has come by TLS, also when a proxy has taken that off. */
function cookieFields({ protocol, headers }: FastifyRequest) {
  const secure = protocol === 'https' || String(headers['x-forwarded-proto']).startsWith('https');
  return { path: '/', httpOnly: true, sameSite: 'strict', secure } as const;
}

/** A page may point its own host name at 127.0.0.1; its requests then carry that name. */
const isLoopbackHost = (hostname: string): boolean =>
  /^(localhost|.*\.localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(hostname);

/** Equal lengths for the comparison in constant time. */
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
