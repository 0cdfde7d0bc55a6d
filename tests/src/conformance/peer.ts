import type { DeliveryOptions, Protocol } from '@pushfleet/protocols';

/**
 * What a protocol brings to the conformance suite: a server that we did not write, or one that only counts and stores, and what is peculiar
 * to the protocol. Everything else is the same for all.
 */
export interface ConformancePeer {
  readonly protocol: Protocol;
  readonly delivery: DeliveryOptions;
  /** Most that may wait in the process for a target that stalls. */
  readonly mostPendingBytes: number;
  /** Servers of this protocol may redirect. */
  readonly redirects: boolean;
  start(): Promise<RunningPeer>;
}

export interface RunningPeer {
  /** Of the server; a fault proxy may stand before it. */
  readonly port: number;
  /** Where `name` is pushed to, by way of `port`. */
  target(name: string, port?: number): string;
  /** A target that is refused, and the codes that say so. */
  readonly refused: { readonly url: string; readonly codes: readonly string[] };
  /** A target that redirects to `name`; absent where `redirects` is false. */
  redirected?(name: string): string;
  /** A file with all media of the name that has arrived so far, which ffprobe can read. */
  received(name: string): Promise<string>;
  /** Resolves when the server has seen the end of the publication, with whether it was said and not only happened. */
  ended(name: string): Promise<boolean>;
  /** Frames of video that the protocol may keep back when a publication ends: what does not fill a segment. */
  readonly keptBackFrames: number;
  stop(): Promise<void>;
}

/** What a feed may hold back, and as much as half of it again: the largest group of pictures here, and what HTTP and TS add. */
export const MOST_BYTES_OF_A_FEED = 12 << 20;
