import { type Dial, FlvDemuxer, parseRtmpUrl, playRtmp } from '@pushfleet/protocols';
import type { SourceEvents } from './source-events.ts';

export interface PullOptions {
  readonly url: string;
  readonly dial: Dial;
  readonly source: SourceEvents;
  readonly signal: AbortSignal;
}

/** Plays a stream of another server until it ends. Rejects with PublishError, TargetUrlError, or the reason of the signal. */
export type Pull = (options: PullOptions) => Promise<void>;

const pullRtmp: Pull = ({ url, dial, source, signal }) => {
  const demuxer = new FlvDemuxer(source);
  const onMessage = demuxer.message.bind(demuxer);
  return playRtmp({ target: parseRtmpUrl(url), dial, onMessage, signal });
};

const pulls: Readonly<Record<string, Pull>> = {
  rtmp: pullRtmp,
  rtmps: pullRtmp,
};

/** How the URL is pulled; undefined when its scheme is none of ours. */
export function pullFor(url: string): Pull | undefined {
  const scheme = url.slice(0, Math.max(url.indexOf(':'), 0)).toLowerCase();
  return Object.hasOwn(pulls, scheme) ? pulls[scheme] : undefined;
}
