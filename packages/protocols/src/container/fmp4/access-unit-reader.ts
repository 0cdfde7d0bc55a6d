// What a video sample of an MP4 is made of, codec by codec. ISO/IEC 14496-15 §5 and §8; AV1 in ISOBMFF §2.4; VP Codec ISOBMFF Binding.
import { MalformedError } from '../../bytes/malformed-error.ts';
import { buildAv1Configuration, parseAv1Configuration } from '../../codec/av1/av1c.ts';
import { parseTemporalUnit } from '../../codec/av1/temporal-unit.ts';
import { parseLengthPrefixed } from '../../codec/h264/access-unit.ts';
import { buildAvcConfiguration, parseAvcConfiguration } from '../../codec/h264/avcc.ts';
import { mergeParameterSets } from '../../codec/h264/parameter-sets.ts';
import { parseSps } from '../../codec/h264/sps.ts';
import { parseHevcLengthPrefixed } from '../../codec/hevc/access-unit.ts';
import { buildHevcConfiguration, parseHevcConfiguration } from '../../codec/hevc/hvcc.ts';
import { mergeHevcParameterSets } from '../../codec/hevc/parameter-sets.ts';
import { parseHevcSps } from '../../codec/hevc/sps.ts';
import { parseVp9KeyFrame } from '../../codec/vp9/frame-header.ts';
import { parseVp9Configuration } from '../../codec/vp9/vpcc.ts';
import type { VideoTrack } from '../../media/track.ts';
import type { VideoDescription } from './sample-description.ts';

export interface AccessUnit {
  /** As in a sample. */
  readonly data: Buffer;
  /** Decoding may start here, as the bit stream itself tells it. */
  readonly isRandomAccess: boolean;
}

export type Picture = Pick<VideoTrack, 'width' | 'height' | 'frameRate'>;

export interface AccessUnitReader {
  /**
   * The record in force; undefined while there is none, as in avc3 and hev1 before the first sync sample. What comes in band replaces it: it is
   * another object then.
   */
  readonly config: Buffer | undefined;
  /** What the record in force tells; undefined when it does not. */
  picture(): Picture | undefined;
  /** Throws MalformedError. */
  read(bytes: Buffer): AccessUnit;
}

/** Throws MalformedError when the record of the codec is broken. */
export function createAccessUnitReader({ codec, config }: VideoDescription): AccessUnitReader {
  switch (codec) {
    case 'h264':
      return new AvcReader(config);
    case 'hevc':
      return new HevcReader(config);
    case 'av1':
      return new Av1Reader(config);
    case 'vp9':
      return new Vp9Reader(config);
  }
}

/** Position of the byte with lengthSizeMinusOne in the records; the next one counts what follows. */
const AVC_LENGTH_OFFSET = 4;
const HEVC_LENGTH_OFFSET = 21;

/** lengthSizeMinusOne + 1 of a record without parameter sets, which come in band then; undefined for a record that has some. */
function lengthBytesWithoutSets(record: Buffer, lengthOffset: number, countMask: number): number | undefined {
  const count = record[lengthOffset + 1];
  if (count === undefined) throw new MalformedError('decoder configuration record is cut off', record.length);
  const lengthBytes = (record[lengthOffset]! & 3) + 1;
  if (lengthBytes === 3) throw new MalformedError('lengthSizeMinusOne 2 is reserved', lengthOffset);
  return (count & countMask) === 0 ? lengthBytes : undefined;
}

class AvcReader implements AccessUnitReader {
  config: Buffer | undefined;
  readonly #lengthBytes: number;

  constructor(record: Buffer) {
    const lengthBytes = lengthBytesWithoutSets(record, AVC_LENGTH_OFFSET, 0x1f); // numOfSequenceParameterSets
    const known = lengthBytes === undefined ? parseAvcConfiguration(record) : undefined;
    this.#lengthBytes = lengthBytes ?? known!.lengthBytes;
    if (known !== undefined) {
      this.config = this.#lengthBytes === 4 ? record : buildAvcConfiguration(known.sps, known.pps);
    }
  }

  picture(): Picture | undefined {
    return this.config && parseSps(parseAvcConfiguration(this.config).sps[0]!);
  }

  read(bytes: Buffer): AccessUnit {
    const { data, isIdr, parameterSets } = parseLengthPrefixed(bytes, this.#lengthBytes);
    if (parameterSets.length > 0) this.config = mergeParameterSets(this.config, parameterSets) ?? this.config;
    return { data, isRandomAccess: isIdr };
  }
}

class HevcReader implements AccessUnitReader {
  config: Buffer | undefined;
  readonly #lengthBytes: number;

  constructor(record: Buffer) {
    const lengthBytes = lengthBytesWithoutSets(record, HEVC_LENGTH_OFFSET, 0xff); // numOfArrays
    const known = lengthBytes === undefined ? parseHevcConfiguration(record) : undefined;
    this.#lengthBytes = lengthBytes ?? known!.lengthBytes;
    if (known !== undefined) {
      this.config = this.#lengthBytes === 4 ? record : buildHevcConfiguration(known.vps, known.sps, known.pps);
    }
  }

  picture(): Picture | undefined {
    return this.config && parseHevcSps(parseHevcConfiguration(this.config).sps[0]!);
  }

  read(bytes: Buffer): AccessUnit {
    const { data, isIrap, parameterSets } = parseHevcLengthPrefixed(bytes, this.#lengthBytes);
    if (parameterSets.length > 0) this.config = mergeHevcParameterSets(this.config, parameterSets) ?? this.config;
    return { data, isRandomAccess: isIrap };
  }
}

class Av1Reader implements AccessUnitReader {
  config: Buffer;

  constructor(record: Buffer) {
    this.config = record;
  }

  picture(): Picture | undefined {
    return parseAv1Configuration(this.config).sequenceHeader;
  }

  /** Key frames bring their sequence header along, which nearly always is the one of the record. */
  read(bytes: Buffer): AccessUnit {
    const { data, isKey, sequenceHeader } = parseTemporalUnit(bytes);
    if (sequenceHeader !== undefined && !this.config.includes(sequenceHeader)) {
      this.config = buildAv1Configuration(sequenceHeader);
    }
    return { data, isRandomAccess: isKey };
  }
}

class Vp9Reader implements AccessUnitReader {
  readonly config: Buffer;

  constructor(record: Buffer) {
    parseVp9Configuration(record);
    this.config = record;
  }

  picture(): undefined {
    return undefined; // the container alone knows
  }

  read(bytes: Buffer): AccessUnit {
    return { data: bytes, isRandomAccess: parseVp9KeyFrame(bytes) !== undefined };
  }
}
