import type { Sample } from '../media/sample.ts';
import type { Track } from '../media/track.ts';
import type { FeedLimits } from './feed.ts';

/** Some samples of one stream as bytes of one wire format. Immutable and shared by every push that wants that format. */
export interface WireBatch {
  readonly bytes: Buffer;
  /** The batch begins with a video sync sample (or, in a stream without video, with any sample): a connection may start here. */
  readonly isSync: boolean;
  /** Decode time of the first sample, in milliseconds of the stream's own time line. */
  readonly dtsMs: number;
  readonly videoSamples: number;
  readonly audioSamples: number;
}

/** Memory for batches. */
export interface SlabSource {
  /** At least so many bytes, for the batches from now on. Those in the slab before stay as they are for as long as somebody needs them. */
  next(sizeBytes: number): Buffer;
}

/** Samples of one stream -> wire bytes of one format, once for all pushes that want that format. */
export interface Packager {
  /** Names the tracks that the next samples belong to. Called before the first sample and again when a track changes. */
  setTracks(tracks: readonly Track[]): void;
  /** Bytes a new connection needs before `first`, the batch it starts with (sequence headers, PAT/PMT, init segment). */
  header(first: WireBatch): Buffer;
  /**
   * Bytes that a connection needs before `first` when batches before it were left out because the connection was too slow. Absent when the
   * format stands a gap without a word.
   */
  resume?(first: WireBatch): Buffer;
  append(sample: Sample): void;
  /** Is data of a sample still needed that lies in this memory? What is copied in `append` is not. */
  holds(memory: ArrayBufferLike): boolean;
  /**
   * Ends the batch under way at the next sync sample, even if it has not reached its size. Absent where each sync sample begins a batch anyway.
   */
  cut?(): void;
  /** Everything appended since the last flush as one immutable batch. */
  flush(): WireBatch | undefined;
}

/** A wire format: pushes with equal keys share one packager. */
export interface WireFormat {
  readonly key: string;
  /** What a sink of this format may hold back, where the general limits do not fit. */
  readonly feedLimits?: Partial<FeedLimits>;
  /** So much media leaves at once, as a segment does; absent when it leaves as it comes. */
  readonly burstMs?: number;
  /** `slabs`: where batches may be written; without, or where it is not used, in memory that is never used again. */
  createPackager(slabs?: SlabSource): Packager;
}
