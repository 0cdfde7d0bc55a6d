// HEVCDecoderConfigurationRecord. ISO/IEC 14496-15 §8.3.3.1.
import { ByteReader } from '../../bytes/byte-reader.ts';
import { ByteWriter } from '../../bytes/byte-writer.ts';
import { MalformedError } from '../../bytes/malformed-error.ts';
import { HevcNalType } from './nal-unit.ts';
import { parseHevcSps } from './sps.ts';

export interface HevcConfiguration {
  /** Bytes of the length field before each NAL unit: 1, 2 or 4. */
  readonly lengthBytes: number;
  /** NAL units with header. */
  readonly vps: readonly Buffer[];
  readonly sps: readonly Buffer[];
  readonly pps: readonly Buffer[];
}

/** Sets are views of `record`. Throws MalformedError also for a record without SPS: nothing can be decoded with it. */
export function parseHevcConfiguration(record: Buffer): HevcConfiguration {
  const reader = new ByteReader(record);
  const version = reader.u8(); // configurationVersion; 0 in records after drafts of the standard
  if (version > 1) throw new MalformedError(`configurationVersion ${version} of hvcC, expected 1`);
  reader.skip(20); // profile, tier and level to avgFrameRate: repeated in the SPS
  const lengthBytes = (reader.u8() & 0x03) + 1; // constantFrameRate 2, numTemporalLayers 3, temporalIdNested 1, lengthSizeMinusOne 2
  if (lengthBytes === 3) throw new MalformedError('lengthSizeMinusOne 2 of hvcC is reserved', 21);
  const { vps, sps, pps } = readArrays(reader);
  if (sps.length === 0) throw new MalformedError('hvcC without SPS', 22);
  return { lengthBytes, vps, sps, pps };
}

function readArrays(reader: ByteReader): Record<'vps' | 'sps' | 'pps', Buffer[]> {
  const sets: Record<'vps' | 'sps' | 'pps', Buffer[]> = { vps: [], sps: [], pps: [] };
  for (let arrays = reader.u8(); arrays > 0; arrays--) {
    const name = ARRAY_NAMES[reader.u8() & 0x3f]; // array_completeness 1, reserved 0, NAL_unit_type 6
    for (let count = reader.u16(); count > 0; count--) {
      const nalUnit = reader.take(reader.u16()); // nalUnitLength, nalUnit
      if (name !== undefined && nalUnit.length > 2) sets[name].push(nalUnit);
    }
  }
  return sets;
}

const ARRAY_NAMES: Readonly<Record<number, 'vps' | 'sps' | 'pps'>> = {
  [HevcNalType.vps]: 'vps',
  [HevcNalType.sps]: 'sps',
  [HevcNalType.pps]: 'pps',
};

/**
 * A record for access units with 4-byte lengths that hold no parameter sets themselves. Throws MalformedError when the first SPS cannot be
 * parsed.
 */
export function buildHevcConfiguration(vps: readonly Buffer[], sps: readonly Buffer[], pps: readonly Buffer[]): Buffer {
  const first = sps[0];
  if (first === undefined) throw new MalformedError('hvcC without SPS');
  const { profileTierLevel, chromaFormat, bitDepthLuma, bitDepthChroma, temporalLayers, temporalIdNested } =
    parseHevcSps(first);
  const writer = new ByteWriter(128)
    .u8(1) // configurationVersion
    .bytes(profileTierLevel) // general_profile_space, tier, idc, compatibility, constraints, level
    .u16(0xf000) // reserved 1111, min_spatial_segmentation_idc 0: not told
    .u8(0xfc) // reserved 111111, parallelismType 0: not told
    .u8(0xfc | chromaFormat) // reserved 111111, chroma_format_idc
    .u8(0xf8 | (bitDepthLuma - 8)) // reserved 11111, bit_depth_luma_minus8
    .u8(0xf8 | (bitDepthChroma - 8)) // reserved 11111, bit_depth_chroma_minus8
    .u16(0) // avgFrameRate 0: not told
    .u8((temporalLayers << 3) | (temporalIdNested ? 4 : 0) | 3) // constantFrameRate 0, numTemporalLayers, temporalIdNested, lengthSizeMinusOne 3
    .u8(vps.length > 0 ? 3 : 2); // numOfArrays
  if (vps.length > 0) writeArray(writer, HevcNalType.vps, vps);
  writeArray(writer, HevcNalType.sps, sps);
  writeArray(writer, HevcNalType.pps, pps);
  return writer.finish();
}

function writeArray(writer: ByteWriter, type: number, nalUnits: readonly Buffer[]): void {
  writer.u8(0x80 | type).u16(nalUnits.length); // array_completeness 1, reserved 0, NAL_unit_type; numNalus
  for (const nalUnit of nalUnits) {
    if (nalUnit.length > 0xffff) throw new MalformedError('parameter set over 65535 bytes');
    writer.u16(nalUnit.length).bytes(nalUnit); // nalUnitLength, nalUnit
  }
}
