// ADTS: AAC access units with a header each. ISO/IEC 14496-3 §1.A.2.2.
import { MalformedError } from '../../bytes/malformed-error.ts';
import { type AudioSpecificConfig, buildAudioSpecificConfig } from './audio-specific-config.ts';
import { samplingFrequency, samplingFrequencyIndex } from './sampling-frequency.ts';

export interface AdtsHeader {
  readonly objectType: number;
  /** Sampling rate of the core codec in Hz. */
  readonly sampleRate: number;
  readonly channelConfiguration: number;
  /** 7, or 9 with CRC. */
  readonly headerBytes: number;
  /** Header and payload. */
  readonly frameBytes: number;
}

export const ADTS_HEADER_BYTES = 7;
/** Largest access unit behind a header without CRC. */
export const MAX_ADTS_PAYLOAD_BYTES = 0x1fff - ADTS_HEADER_BYTES;

/** The header at `offset`, of which at least 7 bytes must be there. Throws MalformedError. */
export function parseAdtsHeader(bytes: Buffer, offset = 0): AdtsHeader {
  if (bytes.length - offset < ADTS_HEADER_BYTES) throw new MalformedError('ADTS header is cut off', offset);
  const sync = bytes.readUInt16BE(offset); // syncword 12, ID 1, layer 2, protection_absent 1
  if ((sync & 0xfff6) !== 0xfff0) throw new MalformedError(`ADTS syncword 0x${sync.toString(16)}`, offset);
  const fields = bytes.readUInt32BE(offset + 2);
  const headerBytes = (sync & 1) === 1 ? ADTS_HEADER_BYTES : ADTS_HEADER_BYTES + 2;
  const frameBytes = (fields >>> 5) & 0x1fff; // aac_frame_length
  if (frameBytes < headerBytes) throw new MalformedError(`aac_frame_length ${frameBytes}`, offset);
  if ((bytes[offset + 6]! & 3) !== 0) throw new MalformedError('several raw data blocks in an ADTS frame', offset);
  return {
    objectType: (fields >>> 30) + 1, // profile_ObjectType
    sampleRate: samplingFrequency((fields >>> 26) & 0xf), // sampling_frequency_index
    channelConfiguration: (fields >>> 22) & 7, // channel_configuration
    headerBytes,
    frameBytes,
  };
}

/** The AudioSpecificConfig that an ADTS header amounts to. */
export function configOfAdts({ objectType, sampleRate, channelConfiguration }: AdtsHeader): Buffer {
  return buildAudioSpecificConfig(objectType, sampleRate, channelConfiguration);
}

/** A header without CRC for an access unit of `payloadBytes`. Throws MalformedError for what ADTS cannot express. */
export function buildAdtsHeader(config: AudioSpecificConfig, payloadBytes: number): Buffer {
  const frequencyIndex = samplingFrequencyIndex(config.coreSampleRate);
  if (config.objectType > 4) throw new MalformedError(`ADTS has no audioObjectType ${config.objectType}`);
  const frameBytes = ADTS_HEADER_BYTES + payloadBytes;
  if (frequencyIndex === -1) throw new MalformedError(`ADTS has no index for ${config.coreSampleRate} Hz`);
  if (config.channelConfiguration > 7) throw new MalformedError(`ADTS has no channels ${config.channelConfiguration}`);
  if (frameBytes > 0x1fff) throw new MalformedError(`ADTS frame of ${frameBytes} bytes, at most 8191`);
  const channels = config.channelConfiguration;
  return Buffer.from([
    0xff, // syncword
    0xf1, // syncword, ID 0 (MPEG-4), layer 00, protection_absent 1
    ((config.objectType - 1) << 6) | (frequencyIndex << 2) | (channels >> 2), // profile_ObjectType, sampling_frequency_index, private_bit 0
    ((channels & 3) << 6) | (frameBytes >> 11), // channel_configuration, original_copy, home, copyright bits 0000, aac_frame_length
    (frameBytes >> 3) & 0xff, // aac_frame_length
    ((frameBytes & 7) << 5) | 0x1f, // aac_frame_length, adts_buffer_fullness 0x7ff
    0xfc, // adts_buffer_fullness, number_of_raw_data_blocks_in_frame 0
  ]);
}

/** Changes only the size in a header of `buildAdtsHeader`, so that all access units of a track can share one. */
export function setAdtsPayloadBytes(header: Buffer, payloadBytes: number): void {
  const frameBytes = ADTS_HEADER_BYTES + payloadBytes;
  header[3] = (header[3]! & 0xfc) | (frameBytes >> 11); // aac_frame_length
  header[4] = (frameBytes >> 3) & 0xff; // aac_frame_length
  header[5] = ((frameBytes & 7) << 5) | 0x1f; // aac_frame_length, adts_buffer_fullness
}
