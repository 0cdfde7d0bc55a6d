import { HTTP_SCHEMES, type HttpTarget, parseHttpUrl } from '../http/url.ts';

/** Those of push URLs. */
export const TSHTTP_SCHEMES = { tshttp: 'http', tshttps: 'https' } as const;
/** An input may be written as what it is. */
const SCHEMES = { ...TSHTTP_SCHEMES, ...HTTP_SCHEMES } as const;

/** Where and how to publish or play MPEG-TS over HTTP. */
export interface TsHttpTarget extends HttpTarget {
  /** Fields of the owner of the push for the head of each request; values may be secret. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Splits a `tshttp`, `tshttps`, `http` or `https` URL. The path is used as it is: nothing is appended. Throws TargetUrlError. */
export function parseTsHttpUrl(url: string, headers: Readonly<Record<string, string>> = {}): TsHttpTarget {
  return { ...parseHttpUrl(url, { schemes: SCHEMES, shape: 'tshttp://HOST[:PORT]/PATH' }), headers };
}
