import type { Track } from './track.ts';

/**
 * One timed access unit or audio frame.
 *
 * `data` is shared by everything downstream and never written to while somebody holds it (`holdsAny`). H.264 and HEVC: NAL units with 4-byte lengths, without
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

/**
 * Does one of the samples lie in this memory? A live source may use the memory of its samples again as soon as nobody says that he holds any of it.
 * So whoever keeps a sample, or its data, beyond the call in which he got it must be among those who are asked (`holds`), or copies what he keeps.
 */
export function holdsAny(samples: readonly Sample[], memory: ArrayBufferLike): boolean {
  for (const { data } of samples) if (data.buffer === memory) return true;
  return false;
}
