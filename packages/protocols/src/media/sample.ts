import type { Track } from './track.ts';

/**
 * One timed access unit or audio frame.
 *
 * `data` is shared by everything downstream and never written to. H.264 and HEVC: NAL units with 4-byte lengths, without
 * parameter sets and access unit delimiters (those live in `track.config`). AAC: one raw frame without ADTS header.
 */
export interface Sample {
  readonly track: Track;
  /** Decode time in ticks of `track.timescale`, unwrapped, integer. */
  readonly dts: number;
  /** Presentation time in ticks of `track.timescale`; never smaller than `dts`. */
  readonly pts: number;
  /** Sync sample, ISO/IEC 14496-12 §8.6.2: decoding may start here. Always true for audio. */
  readonly isSync: boolean;
  readonly data: Buffer;
}
