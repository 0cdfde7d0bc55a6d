// FLV tags or RTMP messages -> tracks and samples.
import type { Sample } from '../../media/sample.ts';
import { RTMP_CLOCK, TimestampUnwrapper } from '../../media/timestamp.ts';
import type { Track } from '../../media/track.ts';
import { AudioStream } from './audio-stream.ts';
import { parseMetadata, type StreamMetadata, UNKNOWN_METADATA } from './metadata.ts';
import { parseAudioTag, parseVideoTag, TagType } from './tag.ts';
import { VideoStream } from './video-stream.ts';

export interface FlvDemuxerEvents {
  /**
   * What the stream consists of, video first. Called before the first sample and again whenever a track is new or replaced; a codec that
   * a target cannot carry is named all the same.
   */
  tracks(tracks: readonly Track[]): void;
  /** Times are milliseconds, unwrapped, on the line of the sender: where it starts again, they jump. */
  sample(sample: Sample): void;
}

/** How long samples wait for a track that was announced, in media time: a camera may announce sound that it never sends. */
const MAX_HOLD_MS = 1000;
const MAX_HELD_SAMPLES = 1000;

/** One stream. Video and audio keep their own pace; samples come out in the order of the messages. */
export class FlvDemuxer {
  readonly #events: FlvDemuxerEvents;
  readonly #time = new TimestampUnwrapper(RTMP_CLOCK);
  readonly #video = new VideoStream();
  readonly #audio = new AudioStream();
  #metadata: StreamMetadata = UNKNOWN_METADATA;
  /** Messages of this kind have come, whatever the metadata says. */
  #sawVideo = false;
  #sawAudio = false;
  /** Samples that wait until the tracks are announced; undefined afterwards. */
  #held: Sample[] | undefined = [];
  #firstTimeMs: number | undefined;

  constructor(events: FlvDemuxerEvents) {
    this.#events = events;
  }

  /**
   * One message: `type` 8 audio, 9 video, 18 metadata; others are ignored. `timestamp` is 0 to 2^32 - 1 as on the wire. The
   * samples are views of `payload`. Throws MalformedError; the message is lost then, and the demuxer can go on.
   */
  message(type: number, timestamp: number, payload: Buffer): void {
    if (type === TagType.video) this.#videoMessage(timestamp, payload);
    else if (type === TagType.audio) this.#audioMessage(timestamp, payload);
    else if (type === TagType.script) this.#setMetadata(parseMetadata(payload));
  }

  #setMetadata(metadata: StreamMetadata | undefined): void {
    if (metadata === undefined) return;
    this.#metadata = metadata;
    this.#video.metadata = metadata;
    this.#audio.metadata = metadata;
  }

  #videoMessage(timestamp: number, payload: Buffer): void {
    const tag = parseVideoTag(payload);
    if (tag === undefined) return;
    this.#sawVideo = true;
    const before = this.#video.track;
    const timeMs = tag.content === 'frame' ? this.#time.unwrap(timestamp) : 0; // servers put any time on headers
    const sample = this.#video.read(tag, timeMs);
    if (this.#video.track !== before) this.#trackChanged('video');
    if (tag.content === 'frame') this.#deliver(sample, timeMs);
  }

  #audioMessage(timestamp: number, payload: Buffer): void {
    const tag = parseAudioTag(payload);
    if (tag === undefined) return;
    this.#sawAudio = true;
    const before = this.#audio.track;
    const timeMs = tag.content === 'frame' ? this.#time.unwrap(timestamp) : 0;
    const sample = this.#audio.read(tag, timeMs);
    if (this.#audio.track !== before) this.#trackChanged('audio');
    if (tag.content === 'frame') this.#deliver(sample, timeMs);
  }

  #trackChanged(kind: Track['kind']): void {
    if (this.#held === undefined) {
      this.#events.tracks(this.#tracks());
      return;
    }
    this.#held = this.#held.filter(({ track }) => track.kind !== kind); // of the track that is gone
    if (this.#isComplete()) this.#announce(this.#held);
  }

  #deliver(sample: Sample | undefined, timeMs: number): void {
    if (this.#held === undefined) {
      if (sample !== undefined) this.#events.sample(sample);
      return;
    }
    if (sample !== undefined) this.#held.push(sample);
    this.#firstTimeMs ??= timeMs;
    const isOverdue = Math.abs(timeMs - this.#firstTimeMs) >= MAX_HOLD_MS || this.#held.length >= MAX_HELD_SAMPLES;
    if (isOverdue && this.#tracks().length > 0) this.#announce(this.#held);
  }

  /** Everything that was announced, or has shown itself, has its configuration. */
  #isComplete(): boolean {
    const needsVideo = this.#metadata.hasVideo || this.#sawVideo;
    const needsAudio = this.#metadata.hasAudio || this.#sawAudio;
    return (!needsVideo || this.#video.track !== undefined) && (!needsAudio || this.#audio.track !== undefined);
  }

  #announce(held: readonly Sample[]): void {
    this.#held = undefined;
    this.#events.tracks(this.#tracks());
    for (const sample of held) this.#events.sample(sample);
  }

  #tracks(): Track[] {
    return [this.#video.track, this.#audio.track].filter((track) => track !== undefined);
  }
}
