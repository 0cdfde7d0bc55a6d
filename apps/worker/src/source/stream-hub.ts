import {
  Channel,
  type ChannelFeed,
  type ChannelOptions,
  GopCache,
  type Sample,
  Timeline,
  type Track,
  type WireFormat,
} from '@pushfleet/protocols';
import { MediaMeter } from './media-meter.ts';
import type { SourceEvents } from './source-events.ts';

/** A channel without feeds is kept this long: a push that reconnects finds its group of pictures ready-made. */
const IDLE_CHANNEL_MS = 10_000;
const LOOK_THROUGH_MS = 1_000;
/** Less than any channel lets audio wait. */
const OVERDUE_MS = 35;

/** What a hub takes of the source that is on. */
interface HubInlet extends SourceEvents {
  isOpenTo(source: HubSource): boolean;
  end(): void;
}

/**
 * One source that is, or was, the source of a hub. A class, and not an object literal with a getter: each of those has a shape of its own, and every
 * sample of every stream passes here.
 */
export class HubSource implements SourceEvents {
  readonly #inlet: HubInlet;

  constructor(inlet: HubInlet) {
    this.#inlet = inlet;
  }

  /** Its samples are the stream; false once it has ended or another one has begun. */
  get isOn(): boolean {
    return this.#inlet.isOpenTo(this);
  }

  tracks(tracks: readonly Track[]): void {
    if (this.isOn) this.#inlet.tracks(tracks);
  }

  sample(sample: Sample): void {
    if (this.isOn) this.#inlet.sample(sample);
  }

  end(): void {
    if (this.isOn) this.#inlet.end();
  }
}

/** What a hub tells whoever runs it. */
export interface HubEvents {
  /** Called before anything is sent, with performance.now(); may close connections. */
  beforeMedia(now: number): void;
  /** What a stream gives could not be said in a format: a fault of ours. The pushes of that format begin anew. */
  failed(error: unknown): void;
}

interface HubChannel {
  readonly channel: Channel;
  idleSince: number | undefined;
}

/**
 * One stream in this process: takes the samples of whichever source is on, puts them on one continuous time line, and hands them to one
 * channel per wire format. It never waits for a target.
 */
export class StreamHub {
  readonly name: string;
  readonly #events: Partial<HubEvents>;
  readonly #channelOptions: Partial<ChannelOptions>;
  #timeline = new Timeline();
  #gop = new GopCache();
  #tracks: readonly Track[] = [];
  readonly #meter = new MediaMeter();
  #channels = new Map<string, HubChannel>();
  /** The source that is on; samples of any other are ignored. */
  #source: HubSource | undefined;
  /** One for all sources. */
  readonly #inlet: HubInlet = {
    isOpenTo: (source) => source === this.#source,
    tracks: (tracks) => this.#setTracks(tracks),
    sample: (sample) => this.#append(sample),
    end: () => this.#end(),
  };
  #lastSampleAt = Number.NEGATIVE_INFINITY;
  /** When the channels got a sample last, and when they were looked through. */
  #lastAppendAt = Number.NEGATIVE_INFINITY;
  #lookedThroughAt = Number.NEGATIVE_INFINITY;
  /** The source has begun and given no sample yet: the line goes on as much later as nothing came. */
  #isFresh = false;
  #waiting = new Set<() => void>();

  constructor(name: string, events: Partial<HubEvents> = {}, channelOptions: Partial<ChannelOptions> = {}) {
    this.name = name;
    this.#events = events;
    this.#channelOptions = channelOptions;
  }

  get tracks(): readonly Track[] {
    return this.#tracks;
  }

  /** What the stream carries, as measured. */
  describe(): ReturnType<MediaMeter['describe']> {
    return this.#meter.describe(this.#tracks);
  }

  /** A source is on and a connection could start with a picture, or with sound where there is no picture. */
  get live(): boolean {
    const first = this.#gop.samples[0];
    if (this.#source === undefined || first === undefined) return false;
    return first.track.kind === 'video' || videoOf(this.#tracks) === undefined;
  }

  /** Milliseconds for which the source has given nothing; Infinity when none is on. */
  get quietMs(): number {
    return this.#source === undefined ? Number.POSITIVE_INFINITY : this.silentMs;
  }

  /** Milliseconds since the last sample; Infinity before the first. */
  get silentMs(): number {
    return performance.now() - this.#lastSampleAt;
  }

  /** A source begins. The one that was on before, if any, is cut off: its further samples are ignored. */
  begin(): HubSource {
    const source = new HubSource(this.#inlet);
    this.#source = source;
    this.#timeline.restart();
    // A new one, and not the old one cleared: it must not wait for video that only the source before had.
    this.#gop = new GopCache();
    this.#isFresh = true;
    return source;
  }

  /** Is data of a sample that lies in this memory still needed? */
  holds(memory: ArrayBufferLike): boolean {
    if (this.#gop.holds(memory)) return true;
    for (const { channel } of this.#channels.values()) if (channel.holds(memory)) return true;
    return false;
  }

  /** Resolves with the next sample that leaves the stream live; rejects with the signal's reason. */
  async nextSample(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = () => reject(signal.reason);
    this.#waiting.add(resolve);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await promise;
    } finally {
      this.#waiting.delete(resolve);
      signal.removeEventListener('abort', onAbort);
    }
  }

  openFeed(format: WireFormat): ChannelFeed {
    const entry = this.#channels.get(format.key) ?? this.#openChannel(format);
    entry.idleSince = undefined;
    return entry.channel.openFeed();
  }

  /** Called every 40 ms: lets audio go that waits for a video frame, and closes channels that nobody wants any more. */
  tick(now: number): void {
    // Each sample lets go of what is overdue.
    if (now - this.#lastAppendAt >= OVERDUE_MS) this.#toChannels((channel) => channel.tick(now));
    if (now - this.#lookedThroughAt < LOOK_THROUGH_MS) return;
    this.#lookedThroughAt = now;
    for (const [key, entry] of this.#channels) {
      if (entry.channel.openFeeds > 0) entry.idleSince = undefined;
      else if (entry.idleSince === undefined) entry.idleSince = now;
      else if (now - entry.idleSince > IDLE_CHANNEL_MS) this.#channels.delete(key);
    }
  }

  #setTracks(tracks: readonly Track[]): void {
    // Samples kept under another configuration would mislead whoever starts with them.
    if (videoOf(tracks) !== videoOf(this.#tracks)) this.#gop = new GopCache();
    this.#tracks = tracks;
    this.#toChannels((channel) => channel.setTracks(tracks));
  }

  #end(): void {
    this.#source = undefined;
    this.#toChannels((channel) => channel.drain());
  }

  #append(sample: Sample): void {
    const now = performance.now();
    this.#events.beforeMedia?.(now);
    const silenceMs = this.#isFresh && Number.isFinite(this.#lastSampleAt) ? now - this.#lastSampleAt : 0;
    this.#isFresh = false;
    this.#lastSampleAt = now;
    const placed = this.#timeline.place(sample, silenceMs);
    if (placed === undefined) return;
    this.#gop.push(placed);
    this.#meter.count(placed, now);
    this.#lastAppendAt = now;
    this.#toChannels((channel) => channel.append(placed, now));
    if (this.#waiting.size === 0 || !this.live) return;
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  /** A format in which what the stream gives cannot be said must not hurt the others, nor the source. */
  #toChannels(act: (channel: Channel) => void): void {
    for (const [key, { channel }] of this.#channels) {
      try {
        act(channel);
      } catch (error) {
        this.#channels.delete(key);
        channel.abandon('handover'); // the attempts of its pushes end, and the next ones begin with a new channel
        this.#events.failed?.(error);
      }
    }
  }

  #openChannel(format: WireFormat): HubChannel {
    const channel = new Channel(format, this.#tracks, this.#channelOptions);
    const now = performance.now();
    for (const sample of this.#gop.samples) channel.append(sample, now);
    const entry: HubChannel = { channel, idleSince: undefined };
    this.#channels.set(format.key, entry);
    return entry;
  }
}

function videoOf(tracks: readonly Track[]): Track | undefined {
  return tracks.find(({ kind }) => kind === 'video');
}
