import type { Protocol } from '../publisher/publisher.ts';
import { rtmpSupports } from './packager.ts';
import { RtmpPublisher } from './publisher.ts';
import { parseRtmpUrl, type RtmpTarget } from './url.ts';

export const rtmpProtocol: Protocol<RtmpTarget> = {
  schemes: ['rtmp', 'rtmps'],
  parseTarget: (url) => parseRtmpUrl(url),
  supports: rtmpSupports,
  createPublisher: (target, deps) => new RtmpPublisher(target, deps),
};
