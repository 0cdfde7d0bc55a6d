// Samples -> MPEG-TS in the chunks of an HTTP body. Each batch is one chunk, so the bytes are the same for every connection.
import { type Continuity, TsMuxer, tsSupports } from '../container/mpegts/muxer.ts';
import { CHUNK_HEAD_ROOM, chunkOf, frameChunk, HTTP_CHUNK_END } from '../http/chunk.ts';
import type { Sample } from '../media/sample.ts';
import { rescale } from '../media/timestamp.ts';
import type { Track } from '../media/track.ts';
import type { Packager, WireBatch, WireFormat } from '../packager/packager.ts';

export function tsHttpWireFormat(): WireFormat {
  return { key: 'tshttp', createPackager: () => new TsHttpPackager() };
}

/** In a stream of sound alone a connection may start this often. */
const AUDIO_SYNC_MS = 100;
const NOTHING = Buffer.alloc(0);
const ROOM = { before: CHUNK_HEAD_ROOM, behind: HTTP_CHUNK_END.length } as const;

/** Sync batches remember the continuity counters before their first packet. */
interface TsBatch extends WireBatch {
  readonly continuity: Continuity | undefined;
}

/** Sync batches begin with PAT and PMT, so that a receiver can begin with them. Samples of codecs that TS cannot carry are left out. */
class TsHttpPackager implements Packager {
  readonly #muxer = new TsMuxer({ room: ROOM });
  #hasVideo = false;
  /** Of the batch that has begun; undefined when none has. */
  #dtsMs: number | undefined;
  #continuity: Continuity | undefined;
  #syncedAtMs = Number.NEGATIVE_INFINITY;
  #videoSamples = 0;
  #audioSamples = 0;

  setTracks(tracks: readonly Track[]): void {
    this.#hasVideo = tracks.some((track) => track.kind === 'video' && tsSupports(track));
    this.#muxer.setTracks(tracks);
  }

  /** Nothing: all that a receiver needs is in the sync batch itself. */
  header(): Buffer {
    return NOTHING;
  }

  resume(first: WireBatch): Buffer {
    const { continuity } = first as TsBatch;
    return continuity === undefined ? NOTHING : chunkOf(this.#muxer.discontinuityPackets(continuity));
  }

  append(sample: Sample): void {
    if (this.#dtsMs === undefined) this.#begin(sample);
    this.#muxer.append(sample);
    if (sample.track.kind === 'video') this.#videoSamples += 1;
    else this.#audioSamples += 1;
  }

  holds(memory: ArrayBufferLike): boolean {
    return this.#muxer.holds(memory);
  }

  flush(): WireBatch | undefined {
    const packets = this.#muxer.take();
    const [dtsMs, continuity] = [this.#dtsMs, this.#continuity];
    const [videoSamples, audioSamples] = [this.#videoSamples, this.#audioSamples];
    this.#dtsMs = undefined;
    this.#continuity = undefined;
    this.#videoSamples = 0;
    this.#audioSamples = 0;
    if (dtsMs === undefined || packets.length === 0) return undefined;
    const bytes = frameChunk(packets, ROOM.before, packets.length - ROOM.behind);
    const batch: TsBatch = { bytes, isSync: continuity !== undefined, dtsMs, videoSamples, audioSamples, continuity };
    return batch;
  }

  #begin(first: Sample): void {
    const dtsMs = rescale(first.dts, first.track.timescale, 1000);
    this.#dtsMs = dtsMs;
    const isSync = this.#hasVideo
      ? first.track.kind === 'video' && first.isSync
      : Math.abs(dtsMs - this.#syncedAtMs) >= AUDIO_SYNC_MS;
    if (!isSync) return;
    this.#syncedAtMs = dtsMs;
    this.#continuity = this.#muxer.continuity();
    this.#muxer.startSegment();
  }
}
