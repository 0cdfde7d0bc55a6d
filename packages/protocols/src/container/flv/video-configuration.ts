import { parseAv1Configuration } from '../../codec/av1/av1c.ts';
import { buildAvcConfiguration, parseAvcConfiguration } from '../../codec/h264/avcc.ts';
import { parseSps } from '../../codec/h264/sps.ts';
import { buildHevcConfiguration, parseHevcConfiguration } from '../../codec/hevc/hvcc.ts';
import { parseHevcSps } from '../../codec/hevc/sps.ts';
import { vpccOfRecord } from '../../codec/vp9/vpcc.ts';
import type { VideoCodec } from '../../media/track.ts';

export interface VideoConfiguration {
  /** As `Track.config` wants it: for NAL units with 4-byte lengths. */
  readonly config: Buffer;
  /** Bytes of the length fields on the wire; NAL units only. */
  readonly lengthBytes: number;
  readonly picture: Picture;
}

/** Zeros where the configuration does not tell. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly frameRate: number;
}

const UNKNOWN_PICTURE: Picture = { width: 0, height: 0, frameRate: 0 };

/** What a sequence header announces. Throws MalformedError. */
export function readVideoConfiguration(codec: VideoCodec, record: Buffer): VideoConfiguration {
  switch (codec) {
    case 'h264': {
      const { sps, pps, lengthBytes } = parseAvcConfiguration(record);
      const config = lengthBytes === 4 ? record : buildAvcConfiguration(sps, pps);
      return { config, lengthBytes, picture: parseSps(sps[0]!) };
    }
    case 'hevc': {
      const { vps, sps, pps, lengthBytes } = parseHevcConfiguration(record);
      const config = lengthBytes === 4 ? record : buildHevcConfiguration(vps, sps, pps);
      return { config, lengthBytes, picture: parseHevcSps(sps[0]!) };
    }
    case 'av1':
      return {
        config: record,
        lengthBytes: 0,
        picture: parseAv1Configuration(record).sequenceHeader ?? UNKNOWN_PICTURE,
      };
    case 'vp9':
      return { config: vpccOfRecord(record), lengthBytes: 0, picture: UNKNOWN_PICTURE };
  }
}
