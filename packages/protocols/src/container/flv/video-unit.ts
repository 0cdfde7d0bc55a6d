import { buildAv1Configuration } from '../../codec/av1/av1c.ts';
import { parseTemporalUnit } from '../../codec/av1/temporal-unit.ts';
import { parseLengthPrefixed } from '../../codec/h264/access-unit.ts';
import { mergeParameterSets } from '../../codec/h264/parameter-sets.ts';
import { parseHevcLengthPrefixed } from '../../codec/hevc/access-unit.ts';
import { mergeHevcParameterSets } from '../../codec/hevc/parameter-sets.ts';
import { parseVp9KeyFrame } from '../../codec/vp9/frame-header.ts';
import type { VideoCodec } from '../../media/track.ts';

/** One access unit as `Sample.data` wants it. */
export interface VideoUnit {
  /** Empty when there was nothing to decode. */
  readonly data: Buffer;
  /** The bitstream says that decoding may start here. */
  readonly isSync: boolean;
  /** The configuration from this unit on, when what came in band has changed it. */
  readonly newConfig?: Buffer | undefined;
  /** Pixels, where only the frames tell. */
  readonly size?: { readonly width: number; readonly height: number } | undefined;
}

/** `config` is the one in force, if there is one. Throws MalformedError. */
export function readVideoUnit(
  codec: VideoCodec,
  bytes: Buffer,
  lengthBytes: number,
  config: Buffer | undefined,
): VideoUnit {
  switch (codec) {
    case 'h264': {
      const { data, isIdr, parameterSets } = parseLengthPrefixed(bytes, lengthBytes);
      return {
        data,
        isSync: isIdr,
        newConfig: parameterSets.length > 0 ? mergeParameterSets(config, parameterSets) : undefined,
      };
    }
    case 'hevc': {
      const { data, isIrap, parameterSets } = parseHevcLengthPrefixed(bytes, lengthBytes);
      return {
        data,
        isSync: isIrap,
        newConfig: parameterSets.length > 0 ? mergeHevcParameterSets(config, parameterSets) : undefined,
      };
    }
    case 'av1': {
      const { data, isKey, sequenceHeader } = parseTemporalUnit(bytes);
      const isNew = sequenceHeader !== undefined && config?.includes(sequenceHeader) !== true;
      return { data, isSync: isKey, newConfig: isNew ? buildAv1Configuration(sequenceHeader) : undefined };
    }
    case 'vp9': {
      const keyFrame = parseVp9KeyFrame(bytes);
      return { data: bytes, isSync: keyFrame !== undefined, size: keyFrame };
    }
  }
}
