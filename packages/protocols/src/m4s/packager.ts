// Samples -> fragmented MP4, framed for one long chunked body. The bytes are the same for every connection.
import { Fmp4Muxer, type Fmp4MuxerOptions } from '../container/fmp4/muxer.ts';
import { CHUNK_HEAD_ROOM, chunkOf, frameChunk, HTTP_CHUNK_END } from '../http/chunk.ts';
import type { Sample } from '../media/sample.ts';
import { rescale } from '../media/timestamp.ts';
import type { Track } from '../media/track.ts';
import type { Packager, WireBatch, WireFormat } from '../packager/packager.ts';

/** Each batch and each header is one HTTP chunk: a gap between batches needs no word, because every fragment tells its time. */
export function m4sWireFormat(options: Partial<Pick<Fmp4MuxerOptions, 'now'>> = {}): WireFormat {
  return { key: 'm4s', createPackager: () => new M4sPackager(options) };
}

class M4sPackager implements Packager {
  readonly #muxer: Fmp4Muxer;
  #isSync = false;
  #dtsMs = 0;
  #videoSamples = 0;
  #audioSamples = 0;

  constructor(options: Partial<Pick<Fmp4MuxerOptions, 'now'>>) {
    const room = { headRoomBytes: CHUNK_HEAD_ROOM, tailRoomBytes: HTTP_CHUNK_END.length };
    this.#muxer = new Fmp4Muxer({ ...options, ...room });
  }

  setTracks(tracks: readonly Track[]): void {
    this.#muxer.setTracks(tracks);
  }

  header(): Buffer {
    return chunkOf(this.#muxer.header());
  }

  append(sample: Sample): void {
    if (!this.#muxer.append(sample)) return;
    const isVideo = sample.track.kind === 'video';
    if (this.#videoSamples + this.#audioSamples === 0) {
      this.#isSync = sample.isSync && (isVideo || !this.#muxer.hasVideo);
      this.#dtsMs = rescale(sample.dts, sample.track.timescale, 1000);
    }
    if (isVideo) this.#videoSamples += 1;
    else this.#audioSamples += 1;
  }

  holds(memory: ArrayBufferLike): boolean {
    return this.#muxer.holds(memory);
  }

  flush(): WireBatch | undefined {
    const bytes = this.#muxer.take();
    if (bytes === undefined) return undefined;
    const batch: WireBatch = {
      bytes: frameChunk(bytes, CHUNK_HEAD_ROOM, bytes.length - HTTP_CHUNK_END.length),
      isSync: this.#isSync,
      dtsMs: this.#dtsMs,
      videoSamples: this.#videoSamples,
      audioSamples: this.#audioSamples,
    };
    this.#videoSamples = 0;
    this.#audioSamples = 0;
    return batch;
  }
}
