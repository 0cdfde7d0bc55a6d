import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { ByteQueue } from '../bytes/byte-queue.ts';
import { Authenticator } from '../http/auth.ts';
import { openDownload } from '../http/download.ts';
import type { Field } from '../http/request-head.ts';
import { fieldValue } from '../http/response-head.ts';
import { authorityOf, HTTP_SCHEMES, type HttpTarget, isSameHost, parseHttpUrl } from '../http/url.ts';
import { withTimeout } from '../publisher/cancel.ts';
import { PublishError, TargetUrlError } from '../publisher/errors.ts';
import type { Dial } from '../publisher/publisher.ts';
import type { ListedResource } from './player-playlist.ts';

export interface HlsClientOptions {
  /** The playlist that its owner has named. */
  readonly target: HttpTarget;
  readonly dial: Dial;
  readonly connectTimeoutMs: number;
  readonly signal: AbortSignal;
}

export interface LoadLimits {
  readonly maxBytes: number;
  /** For the whole of it, the body included. */
  readonly timeoutMs: number;
}

export interface Loaded {
  readonly bytes: Buffer;
  /** Where redirects have led. Secret. */
  readonly url: string;
}

const unzip = promisify(gunzip);

/**
 * Gets playlists, keys and segments, each by a request of its own. Where the playlist's owner has not sent us stands under the stricter address
 * policy, as after a redirect; only his own host is told his login.
 */
export class HlsClient {
  readonly #options: HlsClientOptions;
  readonly #authenticator: Authenticator;

  constructor(options: HlsClientOptions) {
    this.#options = options;
    this.#authenticator = new Authenticator(options.target);
  }

  /** URL of the playlist that was named. */
  get url(): string {
    return urlOf(this.#options.target);
  }

  /** Rejects with PublishError, or with the reason of the signal. */
  async load({ url, range }: ListedResource, { maxBytes, timeoutMs }: LoadLimits): Promise<Loaded> {
    const { signal, connectTimeoutMs } = this.#options;
    const target = this.#targetOf(url);
    const isHome = isSameHost(target, this.#options.target);
    const fields: Field[] = range === undefined ? [['Accept-Encoding', 'gzip']] : [rangeField(range)];
    const received = new ByteQueue();
    const onBytes = (bytes: Buffer): void => {
      received.push(bytes);
      if (received.length > maxBytes) throw violation(`what was answered is larger than ${maxBytes} bytes`);
    };
    const late = () => new PublishError('source_lost', `it did not arrive within ${timeoutMs} ms`);
    const limited = withTimeout(signal, timeoutMs, late);
    try {
      const download = await openDownload({
        target,
        dial: isHome ? this.#options.dial : (options) => this.#options.dial({ ...options, redirected: true }),
        fields,
        ...(isHome && { authenticator: this.#authenticator }),
        signal: limited.signal,
        timeoutMs: connectTimeoutMs,
        onBytes,
      });
      if (isHome && isSameHost(download.target, target)) {
        this.#authenticator.accepted(fieldValue(download.head, 'authentication-info'));
      }
      await download.ended;
      const body = await decoded(
        received.take(received.length)!,
        fieldValue(download.head, 'content-encoding'),
        maxBytes,
      );
      const isPart = range === undefined || download.head.status === 206;
      const bytes = isPart ? body : body.subarray(range.offset, range.offset + range.length);
      return { bytes, url: urlOf(download.target) };
    } catch (error) {
      throw limited.signal.aborted ? limited.signal.reason : error;
    } finally {
      limited.stop();
    }
  }

  #targetOf(url: string): HttpTarget {
    const origin = this.#options.target;
    try {
      const target = parseHttpUrl(url, {
        schemes: HTTP_SCHEMES,
        shape: 'http://HOST/PATH',
        tlsVerify: origin.tlsVerify,
      });
      const login = target.user === '' && isSameHost(target, origin) ? origin : target;
      return { ...target, user: login.user, password: login.password };
    } catch (error) {
      if (!(error instanceof TargetUrlError)) throw error;
      throw violation('the playlist names something that cannot be got by HTTP', error);
    }
  }
}

function urlOf(target: HttpTarget): string {
  const { tls, path, user, password } = target;
  const login = user === '' ? '' : `${encodeURIComponent(user)}:${encodeURIComponent(password)}@`;
  return `${tls ? 'https' : 'http'}://${login}${authorityOf(target)}${path}`;
}

/** RFC 9110 §14.2. */
function rangeField({ offset, length }: NonNullable<ListedResource['range']>): Field {
  return ['Range', `bytes=${offset}-${offset + length - 1}`];
}

async function decoded(body: Buffer, coding: string | undefined, maxBytes: number): Promise<Buffer> {
  if (coding === undefined || coding === 'identity') return body;
  if (!/^(x-)?gzip$/i.test(coding)) throw violation('the content coding of the answer was not asked for');
  try {
    return await unzip(body, { maxOutputLength: maxBytes });
  } catch (cause) {
    throw violation('what was answered cannot be unpacked', cause);
  }
}

function violation(detail: string, cause?: unknown): PublishError {
  return new PublishError('protocol_violation', detail, { cause });
}
