import type { Duplex } from 'node:stream';
import type { Track } from '../media/track.ts';
import type { WireBatch, WireFormat } from '../packager/packager.ts';
import type { DeliveryOptions } from './delivery.ts';
import type { PushMemory } from './push-memory.ts';

/**
 * How a publication ends here. `final`: a person or the owner has ended it. `handover`: it goes on in another connection, now or when the
 * source is back, so that nothing may be said or deleted at the target that would hinder it.
 */
export type EndKind = 'final' | 'handover';

/** Where a feed delivers to: one connection. */
export interface BatchSink {
  /** Hands over shared bytes; they are never written to. `batch` is what they are of; absent for headers. */
  write(bytes: Buffer, batch?: WireBatch): void;
  /** The feed is over: finish the conversation cleanly. */
  end(kind: EndKind): void;
  /** Bytes handed over and not yet taken by the kernel. */
  readonly pendingBytes: number;
}

/** The batches of one stream in one wire format, for one push. Bounded: drops whole groups of pictures for a slow sink. */
export interface BatchFeed {
  /** Delivers header and kept group of pictures at once, then each batch as it is made. Called once. */
  open(sink: BatchSink): void;
  /** Stops delivery without telling the sink. */
  close(): void;
}

export interface PublisherStats {
  /** Bytes taken by the kernel since the connection was opened, handshake included. */
  readonly bytesSent: number;
  /** Bytes that wait in this process. */
  readonly pendingBytes: number;
  /** Address of the peer, `ip:port`; empty before the connection. */
  readonly peer: string;
  /** Media that the target has confirmed, in bytes. Absent where the protocol confirms nothing: then what the kernel has taken must do. */
  readonly confirmedBytes?: number;
  /** Samples that the publisher got from its feed and gave up, because the target did not take them in time. */
  readonly droppedSamples?: number;
}

/**
 * One attempt to deliver one stream to one target: built, run once, thrown away. Never retries. After `send` has settled no
 * socket and no timer is left.
 */
export interface Publisher {
  /** Dials, shakes hands and resolves when the target has accepted the publication. Rejects with PublishError. */
  connect(signal: AbortSignal): Promise<void>;
  /** Known once `connect` has resolved: an RTMP server chooses the message stream id. */
  readonly wireFormat: WireFormat;
  /**
   * Sends the feed. Resolves when the feed has ended and the goodbye is flushed (bounded to 1 s; to 4 s where a handover leaves behind what nobody
   * else has); rejects with PublishError when the
   * target or the network ends it. Aborting the signal drops the connection at once and rejects with the signal's reason.
   */
  send(feed: BatchFeed, signal: AbortSignal): Promise<void>;
  /** Counters, cheap to read at any time. */
  stats(): PublisherStats;
}

export interface DialOptions {
  readonly host: string;
  readonly port: number;
  /** TLS on top of the TCP connection; `verify: false` accepts any certificate. */
  readonly tls?: { readonly servername?: string; readonly verify: boolean };
  /** A peer has sent us here, and not the owner of the push: the stricter address policy applies. */
  readonly redirected?: boolean;
  readonly signal: AbortSignal;
}

/**
 * Opens a guarded connection: applies the address policy, resolves names anew, sets TCP_NODELAY. Rejects with PublishError
 * (dns, connect_refused, connect_timeout, tls, blocked_address ...).
 */
export type Dial = (options: DialOptions) => Promise<Connection>;

export interface Connection {
  readonly socket: Duplex & { readonly writableLength: number; readonly bytesWritten: number };
  /** `ip:port` of the peer. */
  readonly peer: string;
}

export interface PublisherDeps {
  readonly dial: Dial;
  /** Milliseconds for the whole of `connect`: DNS, TCP, TLS and handshake up to 'target accepted'. */
  readonly connectTimeoutMs: number;
  readonly memory: PushMemory;
}

/** What is known of a target whatever its protocol. */
export interface TargetPlace {
  /** Name or address that is dialled; an IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Everything a protocol folder exports. `Target` is what its `parseTarget` made of the URL and the push's own options. */
export interface Protocol<Target extends TargetPlace = TargetPlace> {
  /** URL schemes without colon, e.g. `["rtmp", "rtmps"]`. */
  readonly schemes: readonly string[];
  /** A session must be renewed before it is this old, in ms: the times of its wire format have an end. Infinity when they have none. */
  readonly maxSessionMs: number;
  /**
   * How long bytes may wait without any progress before the attempt counts as stuck, in ms, where the general limit does not fit. Infinity:
   * its publishers know by themselves when to give up.
   */
  readonly stallLimitMs?: number;
  /** Splits and checks a target URL. Throws TargetUrlError with a sentence that says what to write instead. */
  parseTarget(url: string, delivery: DeliveryOptions): Target;
  /** Asked before connecting. */
  supports(track: Track): boolean;
  createPublisher(target: Target, deps: PublisherDeps): Publisher;
  /**
   * Goes as far as one can without publishing, and hangs up: a publication of the same name is not disturbed. Resolves with what the target said in
   * the handshake; with undefined where the protocol has none before it publishes. Rejects as `connect` of a publisher.
   */
  reach(
    target: Target,
    deps: Pick<PublisherDeps, 'dial' | 'connectTimeoutMs'>,
    signal: AbortSignal,
  ): Promise<string | undefined>;
}
