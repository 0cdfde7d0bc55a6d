import { TargetUrlError } from '../publisher/errors.ts';

/** Where and how to publish or play: an RTMP URL, split. */
export interface RtmpTarget {
  /** rtmps. */
  readonly tls: boolean;
  /** Only with TLS: false accepts any certificate. */
  readonly tlsVerify: boolean;
  /** Name or address; an IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
  /** Everything between host and stream, with a query that stands there. */
  readonly app: string;
  /** The last segment with its query, byte for byte: nothing is decoded. Secret: whoever knows it can publish. */
  readonly stream: string;
  /** Scheme, host and application: without stream, user and password. */
  readonly tcUrl: string;
  /** For authmod=adobe and authmod=llnw; empty when the URL names none. */
  readonly user: string;
  readonly password: string;
}

export interface RtmpTargetOptions {
  readonly url: string;
  readonly tlsVerify?: boolean;
}

const DEFAULT_PORTS = { rtmp: 1935, rtmps: 443 } as const;
const SHAPE = 'rtmp://HOST/APPLICATION/STREAM';
const URL_PARTS = /^(rtmps?):\/\/(?:([^@/?#]*)@)?(\[[^\]/]*\]|[^:/?#[\]]*)(?::([^/?#]*))?(?:\/(.*))?$/is;

/**
 * Splits an RTMP URL as encoders do: the stream is what follows the last slash, query and all. A query before that slash belongs to the
 * application, as in `rtmp://b.rtmp.youtube.com/live2?backup=1/KEY`. With a single segment the stream is empty. Throws TargetUrlError.
 */
export function parseRtmpUrl(target: string | RtmpTargetOptions): RtmpTarget {
  const { url, tlsVerify = true } = typeof target === 'string' ? { url: target } : target;
  const parts = URL_PARTS.exec(url);
  if (parts === null) throw new TargetUrlError(`This is no RTMP URL; write ${SHAPE}, with rtmps for TLS.`);
  const [, schemeText = '', userInfo = '', hostText = '', portText, path = ''] = parts;
  const scheme = schemeText.toLowerCase() as keyof typeof DEFAULT_PORTS;
  if (hasForbiddenCharacter(url)) {
    throw new TargetUrlError('The URL holds a space or a control character; write it as %20 or the like.');
  }
  if (hostText === '' || hostText === '[]') throw new TargetUrlError(`The URL names no host; write ${SHAPE}.`);
  const { app, stream } = splitPath(path);
  if (app === '') throw new TargetUrlError(`The URL names no application; write ${SHAPE}.`);
  const authority = portText === undefined ? hostText : `${hostText}:${portText}`;
  return {
    tls: scheme === 'rtmps',
    tlsVerify,
    host: hostText.replace(/^\[|\]$/g, ''),
    port: portText === undefined ? DEFAULT_PORTS[scheme] : parsePort(portText),
    app,
    stream,
    tcUrl: `${scheme}://${authority}/${app}`,
    ...parseUserInfo(userInfo),
  };
}

/** The same target with something appended to its application, as the authentication schemes want it: `authmod=adobe&user=...`. */
export function withAppQuery(target: RtmpTarget, query: string): RtmpTarget {
  const suffix = `${target.app.includes('?') ? '&' : '?'}${query}`;
  return { ...target, app: target.app + suffix, tcUrl: target.tcUrl + suffix };
}

/**
 * The target that a server redirects to. `url` names the application alone (as its tcUrl) or repeats the stream; user and password stay,
 * because they never cross the wire as they are. Throws TargetUrlError.
 */
export function redirectedTarget(from: RtmpTarget, url: string): RtmpTarget {
  const to = parseRtmpUrl({ url, tlsVerify: from.tlsVerify });
  const path = to.stream === '' ? to.app : `${to.app}/${to.stream}`;
  const repeatsStream = from.stream !== '' && path.endsWith(`/${from.stream}`);
  const app = repeatsStream ? path.slice(0, -from.stream.length - 1) : path;
  const origin = to.tcUrl.slice(0, to.tcUrl.length - to.app.length);
  return { ...to, app, stream: from.stream, tcUrl: origin + app, user: from.user, password: from.password };
}

function splitPath(path: string): { app: string; stream: string } {
  const slash = lastSlash(path);
  return slash === -1 ? { app: path, stream: '' } : { app: path.slice(0, slash), stream: path.slice(slash + 1) };
}

/** The slash before the stream. Slashes in the stream's own query do not count, those in a query of the application do. */
function lastSlash(path: string): number {
  const query = path.indexOf('?');
  if (query === -1) return path.lastIndexOf('/');
  const beforeQuery = path.lastIndexOf('/', query);
  if (beforeQuery !== -1) return beforeQuery;
  const secondQuery = path.indexOf('?', query + 1);
  return path.lastIndexOf('/', secondQuery === -1 ? path.length : secondQuery);
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw new TargetUrlError('The port of the URL is no number from 1 to 65535.');
  return port;
}

function parseUserInfo(userInfo: string): { user: string; password: string } {
  const colon = userInfo.indexOf(':');
  const [user, password] = colon === -1 ? [userInfo, ''] : [userInfo.slice(0, colon), userInfo.slice(colon + 1)];
  try {
    return { user: decodeURIComponent(user), password: decodeURIComponent(password) };
  } catch {
    throw new TargetUrlError('User or password of the URL holds a stray percent sign; write it as %25.');
  }
}

function hasForbiddenCharacter(url: string): boolean {
  for (const character of url) if (character <= ' ' || character === '\x7f') return true;
  return false;
}
