// Samples -> RTMP messages as chunks. All messages have fmt 0 and absolute time, so the bytes are the same for every connection with the
// same chunk size and message stream id.

import { encodeAmf0 } from '../bytes/amf0.ts';
import { buildMetadata } from '../container/flv/metadata.ts';
import {
  AUDIO_FRAME_HEADERS,
  MAX_COMPOSITION_TIME_MS,
  sequenceStartOf,
  VideoFrameHeaders,
} from '../container/flv/tag-header.ts';
import type { Sample } from '../media/sample.ts';
import { rescale } from '../media/timestamp.ts';
import type { AudioTrack, Track, VideoTrack } from '../media/track.ts';
import type { Packager, SlabSource, WireBatch, WireFormat } from '../packager/packager.ts';
import { ChunkStreamId, messageSize, serializeMessage, writeMessage } from './wire/chunk.ts';
import { MessageType } from './wire/message.ts';

export interface RtmpWireOptions {
  /** Announced to the peer before the first batch. */
  readonly chunkSize: number;
  /** What the peer answered to createStream. */
  readonly messageStreamId: number;
  /** Connections of one stream with the same timeline share the point in time that is 0 on the wire. */
  readonly timeline: number;
}

/**
 * RTMP carries every codec that a track may have: H.264, AAC and MP3 in the syntax that all servers understand, the others in that of
 * Enhanced RTMP. Whether the server takes them shows only when it gets them: few announce what they know.
 */
export function rtmpSupports(_track: Track): boolean {
  return true;
}

export function rtmpWireFormat(options: RtmpWireOptions): WireFormat {
  const { chunkSize, messageStreamId, timeline } = options;
  return {
    key: `rtmp chunk=${chunkSize} stream=${messageStreamId} timeline=${timeline}`,
    createPackager: (slabs = NEW_SLABS) => new RtmpPackager(options, slabs),
  };
}

/** For who makes batches without a channel. */
const NEW_SLABS: SlabSource = { next: (sizeBytes) => Buffer.allocUnsafeSlow(Math.max(256 * 1024, sizeBytes)) };
const NOTHING = Buffer.alloc(0);

type Config = readonly [csid: number, type: number, body: Buffer];

/**
 * Time on the wire is 0 at the first sample and never goes back, also not from one track to the other: some servers depend on it.
 */
class RtmpPackager implements Packager {
  readonly #options: RtmpWireOptions;
  #tracks: readonly Track[] = [];
  #hasVideo = false;
  /** The tracks whose configuration is on the wire, or in the header of every connection. */
  #videoOnWire: Track | undefined;
  #audioOnWire: Track | undefined;
  #metadataIsDue = false;
  readonly #slabs: SlabSource;
  /** Where the batches are written, one after the other. What lies before `#start` has been handed out. */
  #slab: Buffer = NOTHING;
  #start = 0;
  #end = 0;
  /** Stream time that is 0 on the wire. */
  #originMs: number | undefined;
  #lastTimeMs = 0;
  #isSync = false;
  #dtsMs = 0;
  #videoSamples = 0;
  #audioSamples = 0;
  /** Reused for every message, so that none allocates. */
  readonly #videoHeaders = new VideoFrameHeaders();
  readonly #header = { csid: 0, type: 0, timestamp: 0, streamId: 0 };
  readonly #parts: [Buffer, Buffer] = [NOTHING, NOTHING];

  constructor(options: RtmpWireOptions, slabs: SlabSource) {
    this.#options = options;
    this.#slabs = slabs;
    this.#header.streamId = options.messageStreamId;
  }

  setTracks(tracks: readonly Track[]): void {
    const isFirst = this.#originMs === undefined;
    this.#tracks = tracks;
    this.#hasVideo = this.#tracks.some(({ kind }) => kind === 'video');
    this.#metadataIsDue = !isFirst;
    if (!isFirst) return;
    this.#videoOnWire = this.#tracks.find(({ kind }) => kind === 'video');
    this.#audioOnWire = this.#tracks.find(({ kind }) => kind === 'audio');
  }

  header(first: WireBatch): Buffer {
    const { chunkSize, messageStreamId: streamId } = this.#options;
    const timestamp = Math.max(0, first.dtsMs - (this.#originMs ?? first.dtsMs)) % 2 ** 32;
    const messages = [this.#metadata(), ...this.#tracks.map(configOf)].filter((message) => message !== undefined);
    return Buffer.concat(
      messages.map(([csid, type, payload]) =>
        serializeMessage({ type, timestamp, streamId, payload }, csid, chunkSize),
      ),
    );
  }

  append(sample: Sample): void {
    const dtsMs = rescale(sample.dts, sample.track.timescale, 1000);
    this.#originMs ??= dtsMs;
    this.#lastTimeMs = Math.max(this.#lastTimeMs, dtsMs - this.#originMs);
    if (this.#videoSamples + this.#audioSamples === 0) {
      this.#isSync = sample.isSync && (sample.track.kind === 'video' || !this.#hasVideo);
      this.#dtsMs = dtsMs;
    }
    if (sample.track.kind === 'video') this.#appendVideo(sample, sample.track);
    else this.#appendAudio(sample, sample.track);
  }

  /** Everything is copied at once. */
  holds(): boolean {
    return false;
  }

  flush(): WireBatch | undefined {
    if (this.#end === this.#start) return undefined;
    const batch: WireBatch = {
      bytes: this.#slab.subarray(this.#start, this.#end),
      isSync: this.#isSync,
      dtsMs: this.#dtsMs,
      videoSamples: this.#videoSamples,
      audioSamples: this.#audioSamples,
    };
    this.#start = this.#end;
    this.#videoSamples = 0;
    this.#audioSamples = 0;
    return batch;
  }

  #appendVideo(sample: Sample, track: VideoTrack): void {
    if (track !== this.#videoOnWire) {
      this.#writeChange(track);
      this.#videoOnWire = track;
    }
    const shownAtMs = rescale(sample.pts, track.timescale, 1000) - this.#originMs!;
    // Sources whose clock has 33 bits or more can say by mistake that a picture is shown in a day.
    const compositionTimeMs = Math.min(Math.max(0, shownAtMs - this.#lastTimeMs), MAX_COMPOSITION_TIME_MS);
    const frameHeader = this.#videoHeaders.fill(track.codec, sample.isSync, compositionTimeMs);
    this.#write(ChunkStreamId.video, MessageType.video, frameHeader, sample.data);
    this.#videoSamples += 1;
  }

  #appendAudio(sample: Sample, track: AudioTrack): void {
    if (track !== this.#audioOnWire) {
      this.#writeChange(track);
      this.#audioOnWire = track;
    }
    this.#write(ChunkStreamId.audio, MessageType.audio, AUDIO_FRAME_HEADERS[track.codec], sample.data);
    this.#audioSamples += 1;
  }

  /** A new configuration goes out just before the first sample that needs it. */
  #writeChange(track: Track): void {
    if (this.#metadataIsDue) this.#write(...this.#metadata(), NOTHING);
    this.#metadataIsDue = false;
    const config = configOf(track);
    if (config !== undefined) this.#write(...config, NOTHING);
  }

  #metadata(): Config {
    const body = encodeAmf0('@setDataFrame', 'onMetaData', buildMetadata(this.#tracks));
    return [ChunkStreamId.data, MessageType.data, body];
  }

  /** One message at the current time. */
  #write(csid: number, type: number, head: Buffer, data: Buffer): void {
    const timestamp = this.#lastTimeMs % 2 ** 32;
    const { chunkSize } = this.#options;
    this.#reserve(messageSize(head.length + data.length, timestamp, chunkSize));
    this.#header.csid = csid;
    this.#header.type = type;
    this.#header.timestamp = timestamp;
    this.#parts[0] = head;
    this.#parts[1] = data;
    this.#end = writeMessage(this.#slab, this.#end, this.#header, this.#parts, chunkSize);
  }

  /** Makes room; the batch that has begun moves along to the new slab. */
  #reserve(sizeBytes: number): void {
    if (this.#end + sizeBytes <= this.#slab.length) return;
    const begun = this.#slab.subarray(this.#start, this.#end);
    this.#slab = this.#slabs.next(begun.length + sizeBytes);
    begun.copy(this.#slab);
    this.#start = 0;
    this.#end = begun.length;
  }
}

/** The sequence header of a track, if its codec has one. */
function configOf(track: Track): Config | undefined {
  const body = sequenceStartOf(track);
  if (body === undefined) return undefined;
  return track.kind === 'video'
    ? [ChunkStreamId.video, MessageType.video, body]
    : [ChunkStreamId.audio, MessageType.audio, body];
}
