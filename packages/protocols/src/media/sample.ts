import type { Track } from './track.ts';

/**
 * One timed access unit or audio frame.
 *
 * `data` is shared by everything downstream and never written to. H.264 and HEVC: NAL units with 4-byte lengths, without
 * parameter sets (those live in `track.config`), access unit delimiters and filler. AV1: the OBUs of one temporal unit with size fields, without
 * temporal delimiter. VP9: one frame. AAC: one raw frame without ADTS header. MP3 and AC-3: one frame with its header. E-AC-3: the sync frames of
 * one access unit. Opus: one packet. FLAC: one frame.
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
