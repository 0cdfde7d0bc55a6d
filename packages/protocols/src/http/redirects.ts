// Where a server sends us instead. RFC 9110 §15.4, with the method kept: a router of live streams means 'publish there'.
import { PublishError, TargetUrlError } from '../publisher/errors.ts';
import { describeResponse, fieldValue, type ResponseHead } from './response-head.ts';
import { authorityOf, HTTP_SCHEMES, type HttpTarget, isSameHost, parseHttpUrl } from './url.ts';

const MAX_REDIRECTS = 5;
const STATUSES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Routers of push servers like to write the scheme of the push URL, and mean HTTP. */
const SCHEMES = {
  ...HTTP_SCHEMES,
  tshttp: 'http',
  tshttps: 'https',
  hls: 'http',
  hlss: 'https',
  m4s: 'http',
  m4ss: 'https',
} as const;
const HAS_SCHEME = /^[a-z][a-z0-9+.-]*:/i;

export function isRedirect({ status }: ResponseHead): boolean {
  return STATUSES.has(status);
}

/** The way of one attempt from the URL that its owner has chosen to where peers have sent it. */
export class RedirectTrail {
  readonly #origin: HttpTarget;
  readonly #visited: Set<string>;
  #target: HttpTarget;
  #hops = 0;

  constructor(origin: HttpTarget) {
    this.#origin = origin;
    this.#target = origin;
    this.#visited = new Set([placeOf(origin)]);
  }

  get target(): HttpTarget {
    return this.#target;
  }

  /** A peer has chosen the target. */
  get isRedirected(): boolean {
    return this.#hops > 0;
  }

  /** On the host and port of the origin: only there may be told what is secret. */
  get isHome(): boolean {
    return isSameHost(this.#origin, this.#target);
  }

  /**
   * Goes where the response points. The new target has the login of its own URL; without one that of the origin, if it is on the same host. Throws
   * PublishError: `redirect_limit` after 5, `redirect_loop` back to a place of this trail, `redirect_refused` for what is no URL of HTTP and for
   * plain HTTP after TLS.
   */
  follow(response: ResponseHead): void {
    const what = describeResponse(response);
    const next = this.#resolve(fieldValue(response, 'location'), what);
    const where = `${what} to ${authorityOf(next)}`;
    if (this.#target.tls && !next.tls) {
      throw new PublishError('redirect_refused', `${where} without TLS, which would show the stream`);
    }
    if (this.#visited.has(placeOf(next))) throw new PublishError('redirect_loop', where);
    if (this.#hops === MAX_REDIRECTS) throw new PublishError('redirect_limit', where);
    this.#hops += 1;
    this.#visited.add(placeOf(next));
    const login = next.user === '' && isSameHost(next, this.#origin) ? this.#origin : next;
    this.#target = { ...next, user: login.user, password: login.password };
  }

  #resolve(location: string | undefined, what: string): HttpTarget {
    if (location === undefined) throw new PublishError('redirect_refused', `${what} without a Location`);
    try {
      return parseHttpUrl(absolute(asciiOf(location.replace(/#.*$/, '')), this.#target), {
        schemes: SCHEMES,
        shape: 'http://HOST[:PORT]/PATH',
        tlsVerify: this.#origin.tlsVerify,
      });
    } catch (error) {
      if (!(error instanceof TargetUrlError)) throw error;
      throw new PublishError('redirect_refused', `${what} to something that is no URL of HTTP`, { cause: error });
    }
  }
}

/** RFC 3986 §5.2, without touching a byte that it need not. Empty when there is no such place. */
function absolute(location: string, base: HttpTarget): string {
  const scheme = base.tls ? 'https:' : 'http:';
  const root = `${scheme}//${authorityOf(base)}`;
  const [basePath = ''] = base.path.split('?');
  if (HAS_SCHEME.test(location)) return location;
  if (location.startsWith('//')) return scheme + location;
  if (location.startsWith('/')) return root + location;
  if (location.startsWith('?')) return root + basePath + location;
  if (location === '') return root + base.path;
  const resolved = URL.parse(location, `http://base${basePath}`);
  return resolved === null ? '' : root + resolved.pathname + resolved.search;
}

/** Heads are read byte by byte: bytes beyond ASCII mean the same when they are percent-encoded, and can be sent. */
function asciiOf(location: string): string {
  return location.replaceAll(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Two targets with the same place are the same resource. */
function placeOf({ tls, host, port, path }: HttpTarget): string {
  return `${tls} ${host.toLowerCase()} ${port} ${path}`;
}
