import {
  type Dial,
  FlvDemuxer,
  parseHlsSource,
  parseM4sUrl,
  parseRtmpUrl,
  parseTsHttpUrl,
  playHls,
  playM4s,
  playRtmp,
  playTsHttp,
} from '@pushfleet/protocols';
import { DecodeOrder } from './decode-order.ts';
import type { SourceEvents } from './source-events.ts';

export interface PullOptions {
  readonly url: string;
  readonly dial: Dial;
  readonly source: SourceEvents;
  readonly signal: AbortSignal;
}

/** Plays a stream of another server until it ends. Rejects with PublishError, TargetUrlError, or the reason of the signal. */
export type Pull = (options: PullOptions) => Promise<void>;

const pullRtmp: Pull = async ({ url, dial, source, signal }) => {
  const demuxer = new FlvDemuxer(source);
  const onMessage = demuxer.message.bind(demuxer);
  await playRtmp({ target: parseRtmpUrl(url), dial, onMessage, signal });
};
const pullTsHttp: Pull = async ({ url, source, ...options }) => {
  const events = new DecodeOrder(source);
  await playTsHttp({ ...options, events, target: parseTsHttpUrl(url) }).finally(() => events.end());
};
const pullM4s: Pull = async ({ url, source: events, ...options }) =>
  playM4s({ ...options, events, target: parseM4sUrl(url) });
const pullHls: Pull = async ({ url, source: events, ...options }) =>
  playHls({ ...options, events, target: parseHlsSource(url) });

/** HTTP says nothing of what it brings before it has brought it; the path does. */
const pullHttp: Pull = (options) => (/^[^?#]*\.m3u8?(?:[?#]|$)/i.test(options.url) ? pullHls : pullTsHttp)(options);

const pulls: Readonly<Record<string, Pull>> = {
  rtmp: pullRtmp,
  rtmps: pullRtmp,
  tshttp: pullTsHttp,
  tshttps: pullTsHttp,
  hls: pullHls,
  hlss: pullHls,
  m4s: pullM4s,
  m4ss: pullM4s,
  http: pullHttp,
  https: pullHttp,
};

/** How the URL is pulled; undefined when its scheme is none of ours. */
export function pullFor(url: string): Pull | undefined {
  const scheme = url.slice(0, Math.max(url.indexOf(':'), 0)).toLowerCase();
  return Object.hasOwn(pulls, scheme) ? pulls[scheme] : undefined;
}
