// AudioSpecificConfig. ISO/IEC 14496-3 §1.6.2.1, GASpecificConfig §4.4.1, program config element §4.4.1.1.
import { BitReader } from '../../bytes/bit-reader.ts';
import { MalformedError } from '../../bytes/malformed-error.ts';
import { channelCount, samplingFrequency, samplingFrequencyIndex } from './sampling-frequency.ts';

/** audioObjectType, Table 1.17: those of AAC. */
export const AudioObjectType = { main: 1, lc: 2, ssr: 3, ltp: 4, sbr: 5, ps: 29 } as const;

export interface AudioSpecificConfig {
  /** audioObjectType of the core codec: 2 (LC) also for HE-AAC. */
  readonly objectType: number;
  /** Output sampling rate in Hz: the one of SBR when there is SBR. */
  readonly sampleRate: number;
  /** Sampling rate of the core codec in Hz: what ADTS and the duration of an access unit go by. */
  readonly coreSampleRate: number;
  /** 1 to 7 as in ADTS; 0 when a program config element names the speakers. */
  readonly channelConfiguration: number;
  /** Output channels; parametric stereo makes two of one. */
  readonly channels: number;
  /** Samples of the core codec in an access unit: 1024 or 960. */
  readonly samplesPerFrame: number;
}

/** Object types other than those of `AudioObjectType` (USAC, the low delay ones) are read up to the channels. Throws MalformedError. */
export function parseAudioSpecificConfig(config: Buffer): AudioSpecificConfig {
  const reader = new BitReader(config);
  let objectType = readObjectType(reader);
  const coreSampleRate = readFrequency(reader);
  const channelConfiguration = reader.bits(4); // channelConfiguration
  const parametricStereo = objectType === AudioObjectType.ps;
  let sampleRate = coreSampleRate;
  if (objectType === AudioObjectType.sbr || parametricStereo) {
    sampleRate = readFrequency(reader); // extensionSamplingFrequency
    objectType = readObjectType(reader);
  }
  const isGeneralAudio = objectType >= AudioObjectType.main && objectType <= AudioObjectType.ltp;
  const specific = isGeneralAudio ? readGeneralAudio(reader, channelConfiguration) : undefined;
  const channels = specific?.channels ?? channelCount(channelConfiguration);
  return {
    objectType,
    sampleRate: specific?.extension?.sampleRate ?? sampleRate,
    coreSampleRate,
    channelConfiguration,
    channels: channels === 1 && (parametricStereo || specific?.extension?.parametricStereo) ? 2 : channels,
    samplesPerFrame: specific?.samplesPerFrame ?? 1024,
  };
}

/** Config of a core codec without extensions, as an ADTS header describes it. */
export function buildAudioSpecificConfig(objectType: number, sampleRate: number, channelConfiguration: number): Buffer {
  const index = samplingFrequencyIndex(sampleRate);
  const config = Buffer.alloc(index === -1 ? 5 : 2);
  if (index === -1) {
    // audioObjectType 5, samplingFrequencyIndex 4 (escape), samplingFrequency 24, channelConfiguration 4, GASpecificConfig 000
    config.writeUIntBE(objectType * 2 ** 35 + 15 * 2 ** 31 + sampleRate * 2 ** 7 + (channelConfiguration << 3), 0, 5);
  } else {
    config.writeUInt16BE((objectType << 11) | (index << 7) | (channelConfiguration << 3)); // the same, without escape
  }
  return config;
}

/** GASpecificConfig, and what may follow it. */
function readGeneralAudio(reader: BitReader, channelConfiguration: number) {
  const samplesPerFrame = reader.flag() ? 960 : 1024; // frameLengthFlag
  if (reader.flag()) reader.skip(14); // dependsOnCoreCoder, coreCoderDelay
  reader.skip(1); // extensionFlag
  const channels = channelConfiguration === 0 ? readProgramChannels(reader) : channelCount(channelConfiguration);
  return { samplesPerFrame, channels, extension: readSyncExtension(reader) };
}

function readObjectType(reader: BitReader): number {
  const type = reader.bits(5); // audioObjectType
  return type === 31 ? 32 + reader.bits(6) : type; // audioObjectTypeExt
}

function readFrequency(reader: BitReader): number {
  const index = reader.bits(4); // samplingFrequencyIndex
  const frequency = index === 15 ? reader.bits(24) : samplingFrequency(index); // samplingFrequency
  if (frequency === 0) throw new MalformedError('samplingFrequency 0');
  return frequency;
}

/** Channels of a program config element. */
function readProgramChannels(reader: BitReader): number {
  reader.skip(4 + 2 + 4); // element_instance_tag, object_type, sampling_frequency_index
  const frontSideBack = reader.bits(4) + reader.bits(4) + reader.bits(4); // num_front/side/back_channel_elements
  const lfe = reader.bits(2); // num_lfe_channel_elements
  const assocData = reader.bits(3); // num_assoc_data_elements
  const coupling = reader.bits(4); // num_valid_cc_elements
  if (reader.flag()) reader.skip(4); // mono_mixdown_element_number
  if (reader.flag()) reader.skip(4); // stereo_mixdown_element_number
  if (reader.flag()) reader.skip(3); // matrix_mixdown_idx, pseudo_surround_enable
  let channels = lfe;
  for (let element = 0; element < frontSideBack; element++) {
    channels += reader.flag() ? 2 : 1; // element_is_cpe
    reader.skip(4); // element_tag_select
  }
  reader.skip(4 * lfe + 4 * assocData + 5 * coupling);
  reader.align(); // byte_alignment
  reader.skip(8 * reader.bits(8)); // comment_field_bytes
  return channels;
}

const SBR_SYNC = 0x2b7;
const PS_SYNC = 0x548;

/** SBR and PS signalled behind a config that old decoders understand, §1.6.5.2. */
function readSyncExtension(reader: BitReader): { sampleRate: number; parametricStereo: boolean } | undefined {
  if (reader.remaining < 11 + 5 + 1 || reader.bits(11) !== SBR_SYNC) return undefined; // syncExtensionType
  if (readObjectType(reader) !== AudioObjectType.sbr || !reader.flag()) return undefined; // sbrPresentFlag
  const sampleRate = readFrequency(reader); // extensionSamplingFrequency
  const parametricStereo = reader.remaining >= 12 && reader.bits(11) === PS_SYNC && reader.flag(); // psPresentFlag
  return { sampleRate, parametricStereo };
}
