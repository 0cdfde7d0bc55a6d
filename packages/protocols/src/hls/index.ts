import { tsSupports } from '../container/mpegts/muxer.ts';
import { reachHttp } from '../http/reach.ts';
import type { Protocol } from '../publisher/publisher.ts';
import { HlsPublisher } from './publisher.ts';
import { type HlsTarget, parseHlsTarget } from './target.ts';

export const hlsProtocol: Protocol<HlsTarget> = {
  schemes: ['hls', 'hlss'],
  maxSessionMs: Number.POSITIVE_INFINITY,
  stallLimitMs: Number.POSITIVE_INFINITY, // a publisher gives up by itself: see Uploader
  parseTarget: parseHlsTarget,
  supports: tsSupports,
  createPublisher: (target, deps) => new HlsPublisher(target, deps),
  reach: ({ http }, deps, signal) => reachHttp(http, deps, signal),
};
