import { Authenticator } from '../http/auth.ts';
import { isRedirect, RedirectTrail } from '../http/redirects.ts';
import { type Field, withAddedFields } from '../http/request-head.ts';
import { fieldValue } from '../http/response-head.ts';
import { authorityOf, type HttpTarget } from '../http/url.ts';
import type { PublisherDeps } from '../publisher/publisher.ts';
import { type Answer, Lane } from './lane.ts';
import { SentBytes } from './sent-bytes.ts';
import { payloadHash, signAws, UNSIGNED_PAYLOAD } from './sigv4.ts';
import type { HlsTarget } from './target.ts';

/** Segments and playlists have a connection each, so that a playlist never waits behind a segment. */
export type LaneName = 'segments' | 'playlists';

export interface HlsRequest {
  readonly method: string;
  /** Request target at the host of the push. */
  readonly path: string;
  readonly contentType?: string;
  readonly cacheControl?: string | undefined;
  readonly body?: Buffer;
  readonly timeoutMs: number;
}

/** Makers of receivers look for this. */
const USER_AGENT = 'Pushfleet / Pushfleet / 1'; // maker / model / version, as YouTube wants it

/** Makes requests at one target as whoever the URL says: signs them or answers challenges, and goes where the target sends it. */
export class UploadClient {
  readonly #target: HlsTarget;
  readonly #authenticator: Authenticator;
  readonly #lanes: Readonly<Record<LaneName, Lane>>;
  readonly #sent = new SentBytes();
  #peer = '';

  constructor(target: HlsTarget, { dial, connectTimeoutMs }: PublisherDeps, signal: AbortSignal) {
    this.#target = target;
    const { user, password } = target.http;
    this.#authenticator = new Authenticator(
      target.rules.signsRequests ? { user: '', password: '' } : { user, password },
    );
    const newLane = (): Lane =>
      new Lane({
        dial,
        connectTimeoutMs,
        signal,
        connected: ({ socket, peer }) => {
          this.#sent.add(socket);
          this.#peer = peer;
        },
        answered: () => this.#sent.note(),
      });
    this.#lanes = { segments: newLane(), playlists: newLane() };
  }

  /** Bytes that the kernel has taken, heads of requests included. */
  get bytesSent(): number {
    return this.#sent.total;
  }

  /** Of the newest connection. */
  get peer(): string {
    return this.#peer;
  }

  /**
   * The answer, after as many requests as redirects and logins take; `timeoutMs` is for all of them. Rejects with PublishError: those of Lane and
   * of RedirectTrail.
   */
  async request(lane: LaneName, request: HlsRequest): Promise<Answer> {
    const deadline = performance.now() + request.timeoutMs;
    const trail = new RedirectTrail({ ...this.#target.http, path: request.path });
    for (;;) {
      const { target, isRedirected, isHome } = trail;
      const { method, body } = request;
      const timeoutMs = Math.max(1, Math.ceil(deadline - performance.now()));
      const fields = this.#fields(request, target, isHome);
      const answer = await this.#lanes[lane].exchange(target, isRedirected, { method, fields, body, timeoutMs });
      if (isRedirect(answer) && this.#target.rules.followsRedirects) trail.follow(answer);
      else if (!isHome || !this.#mayTryAgain(answer)) return answer;
    }
  }

  /** Opens the connection for segments. Rejects with the PublishError of the dial. */
  async open(): Promise<void> {
    await this.#lanes.segments.open(this.#target.http);
  }

  /** Resolves when no socket is left. */
  async destroy(): Promise<void> {
    await Promise.all(Object.values(this.#lanes).map((lane) => lane.destroy()));
  }

  /** Notes what the server thinks of us. */
  #mayTryAgain(answer: Answer): boolean {
    if (answer.status === 401) return this.#authenticator.challenged(answer.fields.get('www-authenticate') ?? []);
    if (answer.status < 400) this.#authenticator.accepted(fieldValue(answer, 'authentication-info'));
    return false;
  }

  /** Other hosts are told nothing secret; a signature is made for one host and tells it nothing that it could use elsewhere. */
  #fields(request: HlsRequest, target: HttpTarget, isHome: boolean): Field[] {
    const { contentType, cacheControl, method } = request;
    const own: Field[] = [['User-Agent', USER_AGENT]];
    if (contentType !== undefined) own.push(['Content-Type', contentType]);
    if (cacheControl !== undefined) own.push(['Cache-Control', cacheControl]);
    const fields = isHome ? withAddedFields(own, this.#target.headers) : own;
    if (this.#target.rules.signsRequests) return [...fields, ...this.#signature(request, target, fields)];
    const authorization = isHome ? this.#authenticator.authorization({ method, uri: target.path }) : undefined;
    return authorization === undefined ? fields : withAddedFields(fields, { Authorization: authorization });
  }

  /** Without credentials a store may still let us in, by address or bucket policy. */
  #signature({ method, body }: HlsRequest, target: HttpTarget, fields: readonly Field[]): Field[] {
    const { user, password } = this.#target.http;
    if (user === '') return [];
    const lowerCase = fields.map(([name, value]) => [name.toLowerCase(), value] as const);
    const request = {
      method,
      host: authorityOf(target).toLowerCase(), // as undici writes it
      path: target.path,
      headers: Object.fromEntries(lowerCase.filter(([name]) => name.startsWith('x-amz-'))),
      payloadHash: target.tls ? UNSIGNED_PAYLOAD : payloadHash(body ?? ''),
    };
    const login = { accessKeyId: user, secretAccessKey: password, region: this.#target.region };
    return Object.entries(signAws(request, login, new Date()));
  }
}
