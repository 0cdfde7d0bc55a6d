// The Opus identification header, and the box dOps with the same fields. RFC 7845 §5.1; Opus in ISOBMFF §4.3.2.
import { ByteReader } from '../../bytes/byte-reader.ts';
import { ByteWriter } from '../../bytes/byte-writer.ts';
import { MalformedError } from '../../bytes/malformed-error.ts';

export interface OpusHead {
  readonly channels: number;
  /** Samples at 48 kHz to throw away from the output of a decoder that starts. */
  readonly preSkip: number;
  /** Hz before encoding, for information only: decoders run at 48 kHz. 0 when unknown. */
  readonly inputSampleRate: number;
  /** Q7.8 in dB. */
  readonly outputGain: number;
  /** 0: mono or stereo in one stream. Others are followed by `channelMapping`. */
  readonly mappingFamily: number;
  /** Stream count, coupled count and one byte a channel; empty for family 0. */
  readonly channelMapping: Buffer;
}

/** Opus always counts its time at this rate. */
export const OPUS_SAMPLE_RATE = 48_000;

const MAGIC = 'OpusHead';

/** Throws MalformedError. The mapping is a view of `head`. */
export function parseOpusHead(head: Buffer): OpusHead {
  const reader = new ByteReader(head);
  if (reader.utf8(MAGIC.length) !== MAGIC) throw new MalformedError('not an OpusHead');
  const version = reader.u8(); // version
  if (version > 15) throw new MalformedError(`version ${version} of OpusHead, expected 0 to 15`, 8);
  return readFields(reader, (size) => reader.take(size).readUIntLE(0, size));
}

/** The fields behind the version. Only the byte order tells the two formats apart. */
function readFields(reader: ByteReader, integer: (size: number) => number): OpusHead {
  const channels = reader.u8(); // channel count
  const preSkip = integer(2); // pre-skip
  const inputSampleRate = integer(4); // input sample rate
  const outputGain = (integer(2) << 16) >> 16; // output gain, signed
  const mappingFamily = reader.u8(); // mapping family
  if (channels === 0) throw new MalformedError('channel count 0 of Opus', 9);
  const channelMapping = reader.take(mappingFamily === 0 ? 0 : 2 + channels); // stream count, coupled count, channel mapping
  return { channels, preSkip, inputSampleRate, outputGain, mappingFamily, channelMapping };
}

/** Of `head` only the number of channels must be told: one stream then, mono or stereo, as Opus at 48 kHz has it. */
export function buildOpusHead(head: Pick<OpusHead, 'channels'> & Partial<OpusHead>): Buffer {
  const { channels, preSkip = 0, inputSampleRate = OPUS_SAMPLE_RATE, outputGain = 0 } = head;
  const { mappingFamily = 0, channelMapping = Buffer.alloc(0) } = head;
  const fixed = Buffer.alloc(19);
  fixed.write(MAGIC, 0, 'latin1');
  fixed[8] = 1; // version
  fixed[9] = channels; // channel count
  fixed.writeUInt16LE(preSkip, 10); // pre-skip
  fixed.writeUInt32LE(inputSampleRate, 12); // input sample rate
  fixed.writeInt16LE(outputGain, 16); // output gain
  fixed[18] = mappingFamily; // mapping family
  return Buffer.concat([fixed, channelMapping]);
}

/** From the body of a dOps box. Throws MalformedError. */
export function opusHeadOfDops(dops: Buffer): Buffer {
  const reader = new ByteReader(dops);
  const version = reader.u8(); // Version
  if (version !== 0) throw new MalformedError(`Version ${version} of dOps, expected 0`);
  return buildOpusHead(readFields(reader, (size) => reader.take(size).readUIntBE(0, size)));
}

/** The body of a dOps box. Throws MalformedError. */
export function dopsOfOpusHead(head: Buffer): Buffer {
  const { channels, preSkip, inputSampleRate, outputGain, mappingFamily, channelMapping } = parseOpusHead(head);
  return new ByteWriter(32)
    .u8(0) // Version
    .u8(channels) // OutputChannelCount
    .u16(preSkip) // PreSkip
    .u32(inputSampleRate) // InputSampleRate
    .i16(outputGain) // OutputGain
    .u8(mappingFamily) // ChannelMappingFamily
    .bytes(channelMapping) // StreamCount, CoupledCount, ChannelMapping
    .finish();
}
