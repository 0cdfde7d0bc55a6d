// AVCDecoderConfigurationRecord. ISO/IEC 14496-15 §5.3.3.1.
import { ByteReader } from '../../bytes/byte-reader.ts';
import { ByteWriter } from '../../bytes/byte-writer.ts';
import { MalformedError } from '../../bytes/malformed-error.ts';
import { parseSps } from './sps.ts';

export interface AvcConfiguration {
  /** Bytes of the length field before each NAL unit: 1, 2 or 4. */
  readonly lengthBytes: number;
  /** NAL units with header byte. */
  readonly sps: readonly Buffer[];
  readonly pps: readonly Buffer[];
}

/** Sets are views of `record`. Throws MalformedError also for a record without SPS: nothing can be decoded with it. */
export function parseAvcConfiguration(record: Buffer): AvcConfiguration {
  const reader = new ByteReader(record);
  const version = reader.u8(); // configurationVersion
  if (version !== 1) throw new MalformedError(`configurationVersion ${version} of avcC, expected 1`);
  reader.skip(3); // AVCProfileIndication, profile_compatibility, AVCLevelIndication: repeated in the SPS
  const lengthBytes = (reader.u8() & 0x03) + 1; // reserved 111111, lengthSizeMinusOne 2
  if (lengthBytes === 3) throw new MalformedError('lengthSizeMinusOne 2 of avcC is reserved', 4);
  const sps = readSets(reader, reader.u8() & 0x1f); // reserved 111, numOfSequenceParameterSets 5
  const pps = readSets(reader, reader.u8()); // numOfPictureParameterSets
  if (sps.length === 0) throw new MalformedError('avcC without SPS', 5);
  return { lengthBytes, sps, pps };
}

function readSets(reader: ByteReader, count: number): Buffer[] {
  const sets = Array.from({ length: count }, () => reader.take(reader.u16())); // parameterSetLength, parameterSetNALUnit
  return sets.filter((set) => set.length > 0);
}

/** Profiles whose record ends with chroma format and bit depths. */
const PROFILES_WITH_FORMAT = new Set([100, 110, 122, 144, 244, 44, 83, 86, 118, 128]);

/** A record for access units with 4-byte lengths. Throws MalformedError when the first SPS cannot be parsed. */
export function buildAvcConfiguration(sps: readonly Buffer[], pps: readonly Buffer[]): Buffer {
  const first = sps[0];
  if (first === undefined) throw new MalformedError('avcC without SPS');
  if (sps.length > 31 || pps.length > 255) throw new MalformedError(`${sps.length} SPS and ${pps.length} PPS for avcC`);
  if ([...sps, ...pps].some((set) => set.length > 0xffff)) throw new MalformedError('parameter set over 65535 bytes');
  const { profile, compatibility, level, chromaFormat, bitDepthLuma, bitDepthChroma } = parseSps(first);
  const writer = new ByteWriter(64)
    .u8(1) // configurationVersion
    .u8(profile) // AVCProfileIndication
    .u8(compatibility) // profile_compatibility
    .u8(level) // AVCLevelIndication
    .u8(0xfc | 3) // reserved 111111, lengthSizeMinusOne 3
    .u8(0xe0 | sps.length); // reserved 111, numOfSequenceParameterSets
  for (const set of sps) writer.u16(set.length).bytes(set); // sequenceParameterSetLength, NALUnit
  writer.u8(pps.length); // numOfPictureParameterSets
  for (const set of pps) writer.u16(set.length).bytes(set); // pictureParameterSetLength, NALUnit
  if (PROFILES_WITH_FORMAT.has(profile)) {
    writer
      .u8(0xfc | chromaFormat) // reserved 111111, chroma_format
      .u8(0xf8 | (bitDepthLuma - 8)) // reserved 11111, bit_depth_luma_minus8
      .u8(0xf8 | (bitDepthChroma - 8)) // reserved 11111, bit_depth_chroma_minus8
      .u8(0); // numOfSequenceParameterSetExt
  }
  return writer.finish();
}
