import { parseSession, SESSION_FIELD } from '@pushfleet/protocols';
import { type Exchange, peerOf } from '../http/exchange.ts';
import type { MediaPath } from '../http/media-path.ts';
import { sendElsewhere, sendProblem } from '../http/problems.ts';
import type { Elsewhere } from './elsewhere.ts';
import { HttpUpload } from './http-upload.ts';
import { bodyReceivers } from './media-bodies.ts';
import type { Publications, Refusal } from './publications.ts';

export interface HttpIngestDeps {
  readonly publications: Publications;
  readonly elsewhere: Elsewhere;
  /** A publisher that sends no media for this long is sent away. */
  readonly mediaTimeoutMs: number;
  /** A fault of ours; the peer has been sent away. */
  readonly failed: (error: unknown) => void;
}

const LOGIN = { 'www-authenticate': 'Basic realm="pushfleet", charset="UTF-8"' };

/** Takes streams in that come as the body of a request: MPEG-TS and fragmented MP4. */
export class HttpIngest {
  readonly #deps: HttpIngestDeps;

  constructor(deps: HttpIngestDeps) {
    this.#deps = deps;
  }

  /** Decides before a byte of the body is read. A bare name takes fragmented MP4. */
  async publish(exchange: Exchange, path: MediaPath): Promise<void> {
    const { name, query, format = 'm4s' } = path;
    const { publications, failed, mediaTimeoutMs } = this.#deps;
    const { headers } = exchange.request;
    const applicant = {
      name,
      peer: peerOf(exchange),
      agent: headers['user-agent'] ?? '',
      password: new URLSearchParams(query).get('password') ?? basicPassword(headers.authorization),
      session: parseSession(String(headers[SESSION_FIELD.toLowerCase()])),
    };
    const upload = new HttpUpload(exchange, { createReceiver: bodyReceivers[format], mediaTimeoutMs, failed });
    const admission = await publications.admit(applicant, (refusal) => upload.close(refusal));
    if (admission.accept) upload.begin(admission.publication);
    else await this.#refuse(exchange, name, admission.refusal);
  }

  async #refuse(exchange: Exchange, name: string, { code, reason, holder }: Refusal): Promise<void> {
    const address = await this.#address(name, code, holder?.http);
    if (address !== undefined) return sendElsewhere(exchange, address);
    sendProblem(exchange, code, reason, code === 'password_needed' ? LOGIN : {});
  }

  /** Where the publisher is to go instead: whoever has the name decides about it. */
  async #address(name: string, code: Refusal['code'], holder: string | undefined): Promise<string | undefined> {
    const { elsewhere } = this.#deps;
    if (code === 'draining') return elsewhere.any(name);
    return code === 'name_taken' ? elsewhere.at(holder) : undefined;
  }
}

/** The password of a Basic login, whoever the user; undefined when there is none. RFC 7617. */
function basicPassword(authorization: string | undefined): string | undefined {
  const login = /^Basic +([A-Za-z0-9+/=_-]+) *$/i.exec(authorization ?? '')?.[1];
  if (login === undefined) return undefined;
  const text = Buffer.from(login, 'base64').toString();
  return text.slice(text.indexOf(':') + 1);
}
