import { setImmediate } from 'node:timers/promises';
import {
  Channel,
  type ChannelFeed,
  type Publisher,
  type Sample,
  Timeline,
  type Track,
  type WireFormat,
} from '@pushfleet/protocols';
import { WatchedDial } from '../harness/dial.ts';
import { createPushMemory } from '../harness/push-memory.ts';
import { until } from '../harness/until.ts';
import type { ConformancePeer } from './peer.ts';
import { later } from './source.ts';

/** One publisher that has connected. */
export interface Session {
  readonly publisher: Publisher;
  readonly feed: ChannelFeed;
  readonly sockets: WatchedDial;
  /** How `send` settled. */
  readonly sent: Promise<unknown>;
  abort(reason: Error): void;
}

const CONNECT_TIMEOUT_MS = 5_000;
const TICK_MS = 20;

/** The publishers of one stream: media goes in once, each of them gets it. */
export class ConformanceStream {
  readonly sessions: Session[] = [];
  readonly #peer: ConformancePeer;
  readonly #channels = new Map<string, Channel>();
  readonly #timeline = new Timeline();
  readonly #timer = setInterval(() => this.#tick(), TICK_MS);
  readonly #ageMs: number;
  #tracks: readonly Track[];

  /** `ageMs`: how long it has been running when the test begins. */
  constructor(peer: ConformancePeer, tracks: readonly Track[], { ageMs = 0 } = {}) {
    this.#peer = peer;
    this.#tracks = tracks;
    this.#ageMs = ageMs;
  }

  /** Connects to `url`. Rejects as the publisher does. */
  async push(url: string): Promise<Session> {
    const { protocol, delivery } = this.#peer;
    const sockets = new WatchedDial();
    const publisher = protocol.createPublisher(protocol.parseTarget(url, delivery), {
      dial: sockets.dial,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      memory: createPushMemory(),
    });
    const stop = new AbortController();
    await publisher.connect(stop.signal);
    const feed = this.#channel(publisher).openFeed();
    const sent = publisher.send(feed, stop.signal).then(
      () => 'ended',
      (error: unknown) => error,
    );
    const session: Session = { publisher, feed, sockets, sent, abort: (reason) => stop.abort(reason) };
    this.sessions.push(session);
    return session;
  }

  /** Another source goes on with the stream. */
  setTracks(tracks: readonly Track[]): void {
    this.#tracks = tracks;
    this.#timeline.restart();
    for (const channel of this.#channels.values()) channel.setTracks(tracks);
  }

  append(samples: readonly Sample[]): void {
    for (const sample of samples) {
      const placed = this.#timeline.place(sample);
      if (placed === undefined) continue;
      const aged = later(placed, this.#ageMs);
      for (const channel of this.#channels.values()) channel.append(aged, performance.now());
    }
  }

  /** Each group when the targets of `sessions` have taken the one before: as fast as they can, and no faster. */
  async appendPaced(groups: readonly Sample[][], sessions: readonly Session[] = this.sessions): Promise<void> {
    for (const group of groups) {
      this.append(group);
      await setImmediate();
      await untilTaken(sessions);
    }
  }

  /** The source is over. */
  end(): void {
    for (const channel of this.#channels.values()) channel.end();
  }

  /** Whatever is still under way. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const { abort } of this.sessions) abort(new Error('the test is over'));
    await Promise.all(this.sessions.map(({ sent }) => sent));
  }

  #channel({ wireFormat }: Publisher): Channel {
    const known = this.#channels.get(wireFormat.key);
    if (known !== undefined) return known;
    const channel = new Channel(this.#ageMs > 0 ? begunBefore(wireFormat, this.#tracks) : wireFormat, this.#tracks);
    this.#channels.set(wireFormat.key, channel);
    return channel;
  }

  #tick(): void {
    for (const channel of this.#channels.values()) channel.tick(performance.now());
  }
}

/** The time of RTMP counts from the first sample that its packager has seen: here from 0. That of the others is the stream's own. */
function begunBefore(format: WireFormat, tracks: readonly Track[]): WireFormat {
  if (!format.key.startsWith('rtmp')) return format;
  const createPackager = () => {
    const packager = format.createPackager();
    packager.setTracks(tracks);
    packager.append({ track: tracks[0]!, dts: 0, pts: 0, isSync: true, data: Buffer.alloc(1) });
    packager.flush();
    return packager;
  };
  return { ...format, createPackager };
}

export async function untilTaken(sessions: readonly Session[]): Promise<void> {
  const isTaken = () => sessions.every(({ publisher }) => publisher.stats().pendingBytes === 0);
  await until(isTaken, { what: 'the targets to take everything', everyMs: 5 });
}
