import { tsSupports } from '../container/mpegts/muxer.ts';
import { reachHttp } from '../http/reach.ts';
import type { Protocol } from '../publisher/publisher.ts';
import { createTsHttpPublisher } from './publisher.ts';
import { parseTsHttpUrl, TSHTTP_SCHEMES, type TsHttpTarget } from './target.ts';

export const tshttpProtocol: Protocol<TsHttpTarget> = {
  schemes: Object.keys(TSHTTP_SCHEMES),
  maxSessionMs: Number.POSITIVE_INFINITY, // the clock of MPEG-TS is made to start again every 26.5 hours
  parseTarget: (url, { headers }) => parseTsHttpUrl(url, headers),
  supports: tsSupports,
  createPublisher: createTsHttpPublisher,
  reach: reachHttp,
};
