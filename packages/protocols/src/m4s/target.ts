import { type HttpTarget, parseHttpUrl } from '../http/url.ts';

export const M4S_SCHEMES = { m4s: 'http', m4ss: 'https' } as const;

/** Where and how to publish or play fragmented MP4 over HTTP. */
export interface M4sTarget extends HttpTarget {
  /** Fields of the owner of the push for the head of each request; values may be secret. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Splits an `m4s` or `m4ss` URL. The path is used as it is: nothing is appended. Throws TargetUrlError. */
export function parseM4sUrl(url: string, headers: Readonly<Record<string, string>> = {}): M4sTarget {
  return { ...parseHttpUrl(url, { schemes: M4S_SCHEMES, shape: 'm4s://HOST[:PORT]/STREAM' }), headers };
}
