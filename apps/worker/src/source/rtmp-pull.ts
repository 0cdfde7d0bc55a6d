import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Dial, FlvDemuxer, PublishError, parseRtmpUrl, playRtmp } from '@pushfleet/protocols';
import type { SourceEvents } from './file-source.ts';
import type { StreamHub } from './stream-hub.ts';

export interface RtmpPullDeps {
  readonly dial: (trust: 'operator' | 'public') => Dial;
  /** A source without a sample for this long counts as lost. */
  readonly sourceTimeoutMs: number;
  /** URL by which this worker pulls a stream from another one. */
  readonly pullUrl: (rtmp: string, stream: string) => string;
}

/** How often the silence of a source is looked at. */
const WATCH_MS = 500;

/** Plays a stream of an RTMP server into the hub until it ends or the signal aborts. Rejects with PublishError. */
export async function pullRtmp(
  url: string,
  trust: 'operator' | 'public',
  hub: StreamHub,
  source: SourceEvents,
  deps: RtmpPullDeps,
  signal: AbortSignal,
): Promise<void> {
  const demuxer = new FlvDemuxer(source);
  const silence = new AbortController();
  const startedAt = performance.now();
  const watch = setInterval(() => {
    const silentMs = Math.min(hub.silentMs, performance.now() - startedAt);
    if (silentMs > deps.sourceTimeoutMs) silence.abort(new PublishError('source_lost', 'the source is silent'));
  }, WATCH_MS);
  try {
    await playRtmp({
      target: parseRtmpUrl(url),
      dial: deps.dial(trust),
      onMessage: (type, timestamp, payload) => demuxer.message(type, timestamp, payload),
      signal: AbortSignal.any([signal, silence.signal]),
    });
  } finally {
    clearInterval(watch);
  }
}

/** Query parameters of a pull between workers: serve only what is published right there, and prove who asks. */
const PULL_PARAMETER = 'pushfleet-pull';

/** Builds the URLs of pulls between workers and recognises them; with a cluster key only its owners can make one. */
export class ClusterPulls {
  readonly #key: string;

  constructor(clusterKey: string) {
    this.#key = clusterKey;
  }

  url(rtmp: string, stream: string): string {
    return `rtmp://${rtmp}/live/${stream}?${PULL_PARAMETER}=${this.#proof(stream)}`;
  }

  /** 'player': an ordinary one; 'worker': a pull; 'impostor': a pull whose proof is wrong. */
  classify(stream: string, query: string): 'player' | 'worker' | 'impostor' {
    const proof = new URLSearchParams(query).get(PULL_PARAMETER);
    if (proof === null) return 'player';
    const [given, expected] = [Buffer.from(proof), Buffer.from(this.#proof(stream))];
    return given.length === expected.length && timingSafeEqual(given, expected) ? 'worker' : 'impostor';
  }

  #proof(stream: string): string {
    return createHmac('sha256', this.#key).update(`pull:${stream}`).digest('hex');
  }
}
