import { fmp4Supports } from '../container/fmp4/init-segment.ts';
import { reachHttp } from '../http/reach.ts';
import type { Protocol } from '../publisher/publisher.ts';
import { createM4sPublisher } from './publisher.ts';
import { M4S_SCHEMES, type M4sTarget, parseM4sUrl } from './target.ts';

/** Fragmented MP4 over HTTP, picture by picture. The wire format of the product that the name comes from is not public: this is another. */
export const m4sProtocol: Protocol<M4sTarget> = {
  schemes: Object.keys(M4S_SCHEMES),
  maxSessionMs: Number.POSITIVE_INFINITY, // times have 64 bits
  parseTarget: (url, { headers }) => parseM4sUrl(url, headers),
  supports: fmp4Supports,
  createPublisher: createM4sPublisher,
  reach: reachHttp,
};
