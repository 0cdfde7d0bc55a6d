import { isIP } from 'node:net';
import { TargetUrlError } from '../publisher/errors.ts';
import type { DialOptions } from '../publisher/publisher.ts';

/** Where an HTTP request goes: a URL, split. */
export interface HttpTarget {
  /** https. */
  readonly tls: boolean;
  /** Only with TLS: false accepts any certificate. */
  readonly tlsVerify: boolean;
  /** Name or address; an IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
  /**
   * Path and query, byte for byte: nothing is decoded or added; only what is not ASCII is percent-encoded, RFC 3987 §3.1. At least `/`. May be
   * secret: many servers have keys in it.
   */
  readonly path: string;
  /** Decoded; empty when the URL names none. */
  readonly user: string;
  readonly password: string;
}

export interface HttpUrlOptions {
  /** The scheme of the URL, without colon, and the HTTP scheme that it stands for. */
  readonly schemes: Readonly<Record<string, 'http' | 'https'>>;
  /** What to write instead, for the sentences of errors: `tshttp://HOST[:PORT]/PATH`. */
  readonly shape: string;
  readonly tlsVerify?: boolean;
}

/** Those of HTTP itself. */
export const HTTP_SCHEMES = { http: 'http', https: 'https' } as const;
const DEFAULT_PORTS = { http: 80, https: 443 } as const;
const URL_PARTS =
  /^([a-z][a-z0-9+.-]*):\/\/(?:([^@/?#]*)@)?(\[[^\]/]*\]|[^:/?#[\]@]*)(?::([^/?#]*))?([/?][^#]*)?(#.*)?$/is;

/** Splits a URL of a protocol that runs over HTTP. Throws TargetUrlError, which never quotes the URL. */
export function parseHttpUrl(url: string, { schemes, shape, tlsVerify = true }: HttpUrlOptions): HttpTarget {
  const parts = URL_PARTS.exec(url);
  const [, scheme = '', userInfo = '', hostText = '', portText, path = '', fragment] = parts ?? [];
  const httpScheme = Object.hasOwn(schemes, scheme.toLowerCase()) ? schemes[scheme.toLowerCase()] : undefined;
  if (hasForbiddenCharacter(url)) {
    throw new TargetUrlError('The URL holds a space or a control character; write it as %20 or the like.');
  }
  if (httpScheme === undefined) {
    const names = Object.keys(schemes).map((name) => `${name}://`);
    throw new TargetUrlError(`This is no URL that begins with ${names.join(' or ')}; write ${shape}.`);
  }
  if (hostText === '' || hostText === '[]') throw new TargetUrlError(`The URL names no host; write ${shape}.`);
  if (fragment !== undefined) {
    throw new TargetUrlError('The URL holds a "#", and what follows it is never sent; write it as %23.');
  }
  return {
    tls: httpScheme === 'https',
    tlsVerify,
    host: parseHost(hostText),
    port: portText === undefined ? DEFAULT_PORTS[httpScheme] : parsePort(portText),
    path: asciiOf(path.startsWith('/') ? path : `/${path}`),
    ...parseUserInfo(userInfo),
  };
}

/** Value of the Host field, RFC 9110 §7.2: the port only where it is not the usual one. */
export function authorityOf({ tls, host, port }: HttpTarget): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return port === DEFAULT_PORTS[tls ? 'https' : 'http'] ? name : `${name}:${port}`;
}

/** Same host and port: what is secret between us and the one may be told to the other. */
export function isSameHost(a: HttpTarget, b: HttpTarget): boolean {
  return a.host.toLowerCase() === b.host.toLowerCase() && a.port === b.port;
}

/** How to dial the target. SNI is for names only. */
export function dialOptions({ host, port, tls, tlsVerify: verify }: HttpTarget): Omit<DialOptions, 'signal'> {
  const servername = isIP(host) === 0 ? { servername: host } : {};
  return { host, port, ...(tls && { tls: { verify, ...servername } }) };
}

function parseHost(text: string): string {
  if (!text.startsWith('[')) return text;
  const address = text.slice(1, -1);
  if (isIP(address) !== 6) throw new TargetUrlError('What stands in brackets in the URL is no IPv6 address.');
  return address;
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw new TargetUrlError('The port of the URL is no number from 1 to 65535.');
  return port;
}

function parseUserInfo(userInfo: string): { user: string; password: string } {
  const colon = userInfo.indexOf(':');
  const [user, password] = colon === -1 ? [userInfo, ''] : [userInfo.slice(0, colon), userInfo.slice(colon + 1)];
  const login = decodeLogin(user, password);
  // RFC 7617 §2. A line break would begin a field of its own in the head of the request.
  if (/\p{Cc}/u.test(login.user + login.password)) {
    throw new TargetUrlError('User or password of the URL holds a control character; no login has any.');
  }
  return login;
}

function decodeLogin(user: string, password: string): { user: string; password: string } {
  try {
    return { user: decodeURIComponent(user), password: decodeURIComponent(password) };
  } catch {
    throw new TargetUrlError('User or password of the URL holds a stray percent sign; write it as %25.');
  }
}

function asciiOf(path: string): string {
  return path.toWellFormed().replaceAll(/[^\x21-\x7e]+/g, encodeURIComponent);
}

function hasForbiddenCharacter(url: string): boolean {
  for (const character of url) if (character <= ' ' || character === '\x7f') return true;
  return false;
}
