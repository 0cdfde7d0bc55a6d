// AV1CodecConfigurationRecord. AV1 in ISOBMFF §2.3.
import { MalformedError } from '../../bytes/malformed-error.ts';
import { ObuType, obus, withSizeField } from './obu.ts';
import { parseSequenceHeader, type SequenceHeader } from './sequence-header.ts';

export interface Av1Configuration {
  /** seq_profile. */
  readonly profile: number;
  /** seq_level_idx of the first operating point. */
  readonly level: number;
  readonly tier: 'main' | 'high';
  readonly bitDepth: 8 | 10 | 12;
  /** Undefined when the record has none, which is allowed: it comes in band then. */
  readonly sequenceHeader: SequenceHeader | undefined;
}

const HEADER_BYTES = 4;

/** Throws MalformedError. */
export function parseAv1Configuration(record: Buffer): Av1Configuration {
  if (record.length < HEADER_BYTES) throw new MalformedError(`av1C of ${record.length} bytes`);
  const [first, profileAndLevel, format] = [record[0]!, record[1]!, record[2]!];
  if (first !== 0x81) throw new MalformedError(`marker and version 0x${first.toString(16)} of av1C, expected 0x81`);
  return {
    profile: profileAndLevel >> 5, // seq_profile 3
    level: profileAndLevel & 0x1f, // seq_level_idx_0 5
    tier: (format & 0x80) === 0 ? 'main' : 'high', // seq_tier_0
    bitDepth: (format & 0x40) === 0 ? 8 : (format & 0x20) === 0 ? 10 : 12, // high_bitdepth, twelve_bit
    sequenceHeader: findSequenceHeader(record.subarray(HEADER_BYTES)), // configOBUs
  };
}

function findSequenceHeader(configObus: Buffer): SequenceHeader | undefined {
  for (const { type, bytes } of obus(configObus)) {
    if (type === ObuType.sequenceHeader) return parseSequenceHeader(bytes);
  }
  return undefined;
}

/** The record of a sequence header OBU. Throws MalformedError. */
export function buildAv1Configuration(sequenceHeader: Buffer): Buffer {
  const { profile, level, tier, bitDepth, isMonochrome, subsamplingX, subsamplingY, chromaSamplePosition } =
    parseSequenceHeader(sequenceHeader);
  const header = Buffer.from([
    0x81, // marker 1, version 1
    (profile << 5) | level, // seq_profile, seq_level_idx_0
    (tier === 'high' ? 0x80 : 0) | // seq_tier_0
      (bitDepth > 8 ? 0x40 : 0) | // high_bitdepth
      (bitDepth === 12 ? 0x20 : 0) | // twelve_bit
      (isMonochrome ? 0x10 : 0) | // monochrome
      (subsamplingX << 3) | // chroma_subsampling_x
      (subsamplingY << 2) | // chroma_subsampling_y
      chromaSamplePosition, // chroma_sample_position
    0, // reserved 000, initial_presentation_delay_present 0, reserved 0000
  ]);
  return Buffer.concat([header, withSizeField(obus(sequenceHeader).next().value!)]);
}
