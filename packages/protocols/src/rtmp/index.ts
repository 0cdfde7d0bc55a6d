import type { Protocol } from '../publisher/publisher.ts';
import { rtmpSupports } from './packager.ts';
import { RtmpPublisher } from './publisher.ts';
import { reachRtmp } from './reach.ts';
import { parseRtmpUrl, type RtmpTarget } from './url.ts';

/** Times on the wire end at 2^31 ms (24.8 days) for ffmpeg, SRS and others; a packager may be an hour older than the connection. */
const MAX_SESSION_MS = 20 * 24 * 3_600_000;

export const rtmpProtocol: Protocol<RtmpTarget> = {
  schemes: ['rtmp', 'rtmps'],
  maxSessionMs: MAX_SESSION_MS,
  parseTarget: (url) => parseRtmpUrl(url),
  supports: rtmpSupports,
  createPublisher: (target, deps) => new RtmpPublisher(target, deps),
  reach: reachRtmp,
};
