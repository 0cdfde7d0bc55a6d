import { createHash, timingSafeEqual } from 'node:crypto';
import type { Secret } from '@pushfleet/config';
import { ApiError } from '@pushfleet/contract';
import type { FastifyInstance, FastifyRequest } from 'fastify';
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

/** Asks for the token on everything but public routes, and keeps foreign web pages out. */
export function registerAuth(app: FastifyInstance, { token }: AuthOptions): void {
  const expected = token === undefined ? undefined : digest(token.reveal());
  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.config.isPublic) return;
    const refusal = refuse(request, expected);
    if (refusal === undefined) return;
    if (refusal.code === 'unauthorized') reply.header('www-authenticate', challenge(request));
    // Sent here, not thrown: Bull Board brings an error handler of its own.
    return sendProblem(request, reply, refusal);
  });
}

function refuse(request: FastifyRequest, expected: Buffer | undefined): ApiError | undefined {
  if (isForeignPage(request)) return new ApiError('forbidden', 'Requests from pages of other sites are refused.');
  if (expected === undefined) {
    if (isLoopbackHost(request.hostname)) return undefined;
    return new ApiError('forbidden', 'Without PUSHFLEET_TOKEN only localhost is served.');
  }
  const given = credentials(request.headers.authorization);
  if (given !== undefined && timingSafeEqual(digest(given), expected)) return undefined;
  return new ApiError('unauthorized');
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

/** A browser says where a request comes from. Without this a page of anybody could make a browser that is logged in change things. */
function isForeignPage(request: FastifyRequest): boolean {
  if (request.method === 'GET' || request.method === 'HEAD') return false;
  const site = request.headers['sec-fetch-site'];
  if (site === 'cross-site' || site === 'same-site') return true;
  const origin = request.headers.origin;
  return origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== request.host);
}

/** A page may point its own host name at 127.0.0.1; its requests then carry that name. */
const isLoopbackHost = (hostname: string): boolean =>
  /^(localhost|.*\.localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(hostname);

/** Equal lengths for the comparison in constant time. */
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
