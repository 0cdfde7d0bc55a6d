import { parseAvcConfiguration } from '../../codec/h264/avcc.ts';
import { parseHevcConfiguration } from '../../codec/hevc/hvcc.ts';
import { joinLengthPrefixed } from '../../codec/nal/length-prefixed.ts';
import type { Track } from '../../media/track.ts';

/** The parameter sets of a track as NAL units for the front of an access unit; nothing for codecs that bring them along anyway. */
export function inBandParameterSets({ codec, config }: Track): Buffer {
  if (codec === 'h264') {
    const { sps, pps } = parseAvcConfiguration(config);
    return joinLengthPrefixed([...sps, ...pps]);
  }
  if (codec === 'hevc') {
    const { vps, sps, pps } = parseHevcConfiguration(config);
    return joinLengthPrefixed([...vps, ...sps, ...pps]);
  }
  return Buffer.alloc(0);
}
