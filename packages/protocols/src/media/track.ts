/** Codecs that a track may carry, named as in the rest of the field (and not by FourCC). */
export type VideoCodec = 'h264' | 'hevc' | 'av1' | 'vp9';
export type AudioCodec = 'aac' | 'mp3' | 'ac3' | 'eac3' | 'opus' | 'flac';

interface TrackBase {
  /** Ticks per second of the dts, pts and duration of this track's samples. */
  readonly timescale: number;
  /**
   * Decoder configuration as the codec's own record; NAL units go by 4-byte lengths. Shared, never written to.
   *
   * H.264: AVCDecoderConfigurationRecord (ISO/IEC 14496-15 §5.3.3.1). HEVC: HEVCDecoderConfigurationRecord (§8.3.3.1). AV1: the body of av1C.
   * VP9: the body of vpcC from its version on. AAC: AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1). Opus: OpusHead (RFC 7845 §5.1).
   * AC-3 and E-AC-3: the body of dac3 and dec3 (ETSI TS 102 366 Annex F). FLAC: the marker fLaC and STREAMINFO (RFC 9639 §8). MP3: empty.
   */
  readonly config: Buffer;
  /** Nominal bit rate as the source announced it; 0 when it did not. */
  readonly bitrateBps: number;
}

export interface VideoTrack extends TrackBase {
  readonly kind: 'video';
  readonly codec: VideoCodec;
  /** Display size in pixels. */
  readonly width: number;
  readonly height: number;
  /** Nominal frames per second; 0 when unknown. */
  readonly frameRate: number;
}

export interface AudioTrack extends TrackBase {
  readonly kind: 'audio';
  readonly codec: AudioCodec;
  /** Output sampling rate in Hz. */
  readonly sampleRate: number;
  readonly channels: number;
}

/**
 * One elementary stream of a source. A track is immutable: when its configuration changes the source makes a new object, and
 * samples point to it, so a packager sees a change by comparing references.
 */
export type Track = VideoTrack | AudioTrack;
