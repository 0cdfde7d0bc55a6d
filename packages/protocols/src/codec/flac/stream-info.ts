// The marker and STREAMINFO block in front of a FLAC stream. RFC 9639 §8.1, §8.2.
import { BitReader } from '../../bytes/bit-reader.ts';
import { MalformedError } from '../../bytes/malformed-error.ts';

export interface StreamInfo {
  readonly sampleRate: number;
  readonly channels: number;
  readonly bitsPerSample: number;
  /** Samples of the shortest and the longest frame; equal when all but the last are alike. */
  readonly minBlockSamples: number;
  readonly maxBlockSamples: number;
}

const MARKER = Buffer.from('fLaC');
const STREAM_INFO_BYTES = 34;

/** `config` is the marker "fLaC" with the metadata blocks behind it, STREAMINFO first. Throws MalformedError. */
export function parseStreamInfo(config: Buffer): StreamInfo {
  if (!config.subarray(0, MARKER.length).equals(MARKER)) throw new MalformedError('FLAC configuration without "fLaC"');
  const reader = new BitReader(config);
  reader.skip(8 * MARKER.length + 1); // fLaC, last metadata block flag
  const type = reader.bits(7); // block type
  const sizeBytes = reader.bits(24); // block size
  if (type !== 0 || sizeBytes !== STREAM_INFO_BYTES)
    throw new MalformedError(`FLAC metadata block of type ${type} and ${sizeBytes} bytes, expected STREAMINFO`, 4);
  const minBlockSamples = reader.bits(16); // minimum block size
  const maxBlockSamples = reader.bits(16); // maximum block size
  reader.skip(24 + 24); // minimum and maximum frame size
  const sampleRate = reader.bits(20); // sample rate
  if (sampleRate === 0) throw new MalformedError('sample rate 0 of STREAMINFO', 18);
  const channels = reader.bits(3) + 1; // number of channels minus 1
  return { sampleRate, channels, bitsPerSample: reader.bits(5) + 1, minBlockSamples, maxBlockSamples }; // bits per sample minus 1
}
