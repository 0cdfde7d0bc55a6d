// FLV tags or RTMP messages -> tracks and samples.
import type { Sample } from '../../media/sample.ts';
import { RTMP_CLOCK, TimestampUnwrapper } from '../../media/timestamp.ts';
import { type TrackEvents, TrackGate } from '../track-gate.ts';
import { AudioStream } from './audio-stream.ts';
import { parseMetadata, type StreamMetadata, UNKNOWN_METADATA } from './metadata.ts';
import { type AudioTag, parseAudioTag, parseVideoTag, TagType, type VideoTag } from './tag.ts';
import { VideoStream } from './video-stream.ts';

/**
 * Video comes first of the tracks; a codec that a target cannot carry is named all the same. Times of the samples are milliseconds, unwrapped,
 * on the line of the sender: where it starts again, they jump.
 */
export type FlvDemuxerEvents = TrackEvents;

/** One stream. Video and audio keep their own pace; samples come out in the order of the messages. */
export class FlvDemuxer {
  readonly #gate: TrackGate;
  readonly #time = new TimestampUnwrapper(RTMP_CLOCK);
  readonly #video = new VideoStream();
  readonly #audio = new AudioStream();
  #metadata: StreamMetadata = UNKNOWN_METADATA;
  /** Messages of this kind have come, whatever the metadata says. */
  #sawVideo = false;
  #sawAudio = false;

  constructor(events: FlvDemuxerEvents) {
    this.#gate = new TrackGate(events);
  }

  /**
   * One message: `type` 8 audio, 9 video, 18 metadata; others are ignored. `timestamp` is 0 to 2^32 - 1 as on the wire. The
   * samples are views of `payload`, the configurations of the tracks are not. Throws MalformedError; the message is lost then, and the demuxer can go on.
   */
  message(type: number, timestamp: number, payload: Buffer): void {
    if (type === TagType.video) this.#videoMessage(timestamp, payload);
    else if (type === TagType.audio) this.#audioMessage(timestamp, payload);
    else if (type === TagType.script) this.#setMetadata(parseMetadata(payload));
  }

  /** Does a sample that waits for its track lie in this memory? */
  holds(memory: ArrayBufferLike): boolean {
    return this.#gate.holds(memory);
  }

  #setMetadata(metadata: StreamMetadata | undefined): void {
    if (metadata === undefined) return;
    this.#metadata = metadata;
    this.#video.metadata = metadata;
    this.#audio.metadata = metadata;
  }

  #videoMessage(timestamp: number, payload: Buffer): void {
    const tag = keptTag(parseVideoTag(payload));
    if (tag === undefined) return;
    this.#sawVideo = true;
    const before = this.#video.track;
    const timeMs = tag.content === 'frame' ? this.#time.unwrap(timestamp) : 0; // servers put any time on headers
    const sample = this.#video.read(tag, timeMs);
    if (this.#video.track !== before) this.#announce();
    if (tag.content === 'frame') this.#deliver(sample, timeMs);
  }

  #audioMessage(timestamp: number, payload: Buffer): void {
    const tag = keptTag(parseAudioTag(payload));
    if (tag === undefined) return;
    this.#sawAudio = true;
    const before = this.#audio.track;
    const timeMs = tag.content === 'frame' ? this.#time.unwrap(timestamp) : 0;
    const sample = this.#audio.read(tag, timeMs);
    if (this.#audio.track !== before) this.#announce();
    if (tag.content === 'frame') this.#deliver(sample, timeMs);
  }

  #announce(): void {
    const tracks = [this.#video.track, this.#audio.track].filter((track) => track !== undefined);
    this.#gate.setTracks(tracks, this.#isComplete());
  }

  #deliver(sample: Sample | undefined, timeMs: number): void {
    if (sample !== undefined) this.#gate.sample(sample);
    this.#gate.reach(timeMs);
  }

  /** Everything that was announced, or has shown itself, has its configuration. */
  #isComplete(): boolean {
    const needsVideo = this.#metadata.hasVideo || this.#sawVideo;
    const needsAudio = this.#metadata.hasAudio || this.#sawAudio;
    return (!needsVideo || this.#video.track !== undefined) && (!needsAudio || this.#audio.track !== undefined);
  }
}

/** A configuration outlives its message. */
function keptTag<Tag extends VideoTag | AudioTag>(tag: Tag | undefined): Tag | undefined {
  return tag?.content === 'config' ? { ...tag, data: Buffer.from(tag.data) } : tag;
}
