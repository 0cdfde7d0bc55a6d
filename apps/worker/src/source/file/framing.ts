// From the access units of a file to the bytes of samples, and to the tracks that these belong to.
import {
  type AudioCodec,
  type AudioTrack,
  configOfAdts,
  joinLengthPrefixed,
  mergeParameterSets,
  parseAdtsHeader,
  parseAnnexB,
  parseAvcConfiguration,
  parseLengthPrefixed,
  parseMpegAudioHeader,
  parseSps,
  splitLengthPrefixed,
  type Track,
  type VideoTrack,
} from '@pushfleet/protocols';
import type { InputAudioTrack, InputVideoTrack } from 'mediabunny';

/** Bytes of a sample, and the track with the configuration that they need. Empty bytes: nothing to decode. */
export interface Unpacked {
  readonly track: Track;
  readonly data: Buffer;
}

export interface Framing {
  /** As it is at the start of a pass. */
  readonly track: Track;
  /** Begins a pass: the function takes the access units in order of decoding, and may return views of them. */
  unpack(): (accessUnit: Buffer) => Unpacked;
}

export type VideoBase = Pick<VideoTrack, 'timescale' | 'bitrateBps' | 'frameRate'>;
export type AudioBase = Pick<AudioTrack, 'timescale' | 'bitrateBps'>;

/** `first` is the access unit at the start of a pass. Undefined when the codec cannot be pushed, or its configuration is missing. */
export async function videoFraming(
  input: InputVideoTrack,
  first: Buffer,
  base: VideoBase,
): Promise<Framing | undefined> {
  const codec = await input.getCodec();
  const record = bufferOf((await input.getDecoderConfig())?.description);
  const size = { width: await input.getSquarePixelWidth(), height: await input.getSquarePixelHeight() };
  if (codec === 'hevc' && hasHevcParameterSets(record)) {
    return hevcFraming({ ...base, ...size, kind: 'video', codec, config: record });
  }
  if (codec !== 'avc') return undefined;
  const parse = record ? lengthPrefixedParser(record) : parseAnnexB;
  const config = record ? withLengthsOf4(record) : mergeParameterSets(undefined, parse(first).parameterSets);
  return config && h264Framing({ ...base, ...size, kind: 'video', codec: 'h264', config }, parse);
}

/** As `videoFraming`. */
export async function audioFraming(
  input: InputAudioTrack,
  first: Buffer,
  base: AudioBase,
): Promise<Framing | undefined> {
  const codec = await input.getCodec();
  const description = bufferOf((await input.getDecoderConfig())?.description);
  if (!isAudioCodec(codec)) return undefined;
  const track = {
    ...base,
    kind: 'audio',
    codec,
    sampleRate: await input.getSampleRate(),
    channels: await input.getNumberOfChannels(),
  } as const;
  if (codec === 'aac' && description === undefined) {
    return adtsFraming({ ...track, config: configOfAdts(parseAdtsHeader(first)) });
  }
  if (codec === 'mp3' && parseMpegAudioHeader(first).layer !== 3) return undefined; // MP2 goes by the same name in MPEG-TS
  const config = description ?? (SELF_CONTAINED.has(codec) ? Buffer.alloc(0) : undefined);
  return config && rawFraming({ ...track, config });
}

const AUDIO_CODECS: ReadonlySet<string> = new Set<AudioCodec>(['aac', 'mp3', 'ac3', 'eac3', 'opus', 'flac']);
/** Their frames say everything that a decoder must know. */
const SELF_CONTAINED: ReadonlySet<AudioCodec> = new Set<AudioCodec>(['mp3', 'ac3', 'eac3']);

function isAudioCodec(codec: string | null): codec is AudioCodec {
  return codec !== null && AUDIO_CODECS.has(codec);
}

function bufferOf(description: Uint8Array | undefined): Buffer | undefined {
  return description && Buffer.from(description);
}

/** Configurations may change within the file, and change back with the next pass: each of them has one track object. */
function variants<T extends Track>(first: T): (config: Buffer, change: () => Partial<T>) => T {
  const known = [first];
  return (config, change) => {
    const same = known.find((track) => track.config.equals(config));
    if (same !== undefined) return same;
    const track = { ...first, ...change(), config };
    known.push(track);
    return track;
  };
}

function lengthPrefixedParser(record: Buffer): typeof parseAnnexB {
  const { lengthBytes } = parseAvcConfiguration(record);
  return (accessUnit) => parseLengthPrefixed(accessUnit, lengthBytes);
}

/** The record for samples with 4-byte lengths. ISO/IEC 14496-15 §5.3.3.1. */
function withLengthsOf4(record: Buffer): Buffer {
  const copy = Buffer.from(record);
  copy[4] = copy[4]! | 3; // reserved 111111, lengthSizeMinusOne 3
  return copy;
}

function sizeOf(record: Buffer): Pick<VideoTrack, 'width' | 'height'> {
  const { width, height } = parseSps(parseAvcConfiguration(record).sps[0]!);
  return { width, height };
}

function h264Framing(track: VideoTrack, parse: typeof parseAnnexB): Framing {
  const variant = variants(track);
  const unpack = () => {
    let current = track;
    return (accessUnit: Buffer): Unpacked => {
      const { data, parameterSets } = parse(accessUnit);
      const config = parameterSets.length > 0 ? mergeParameterSets(current.config, parameterSets) : undefined;
      if (config !== undefined) current = variant(config, () => sizeOf(config));
      return { track: current, data };
    };
  };
  return { track, unpack };
}

/** HEVCDecoderConfigurationRecord, ISO/IEC 14496-15 §8.3.3.1. A record without sets means that they are in band only. */
function hasHevcParameterSets(record: Buffer | undefined): record is Buffer {
  return record !== undefined && record.length > 23 && record[22]! > 0; // numOfArrays
}

/** NAL unit types: ITU-T H.265 Table 7-1. */
function hevcFraming(track: VideoTrack): Framing {
  const lengthBytes = (track.config[21]! & 3) + 1; // lengthSizeMinusOne
  const config = Buffer.from(track.config);
  config[21] = config[21]! | 3;
  const stripped = { ...track, config };
  const isKept = (nalUnit: Buffer): boolean => {
    const type = (nalUnit[0]! >> 1) & 0x3f; // forbidden_zero_bit 1, nal_unit_type 6
    return (type < 32 || type > 35) && type !== 38; // VPS, SPS, PPS, access unit delimiter; filler data
  };
  const unpack =
    () =>
    (accessUnit: Buffer): Unpacked => {
      const nalUnits = splitLengthPrefixed(accessUnit, lengthBytes);
      const isReady = lengthBytes === 4 && nalUnits.every(isKept);
      return { track: stripped, data: isReady ? accessUnit : joinLengthPrefixed(nalUnits.filter(isKept)) };
    };
  return { track: stripped, unpack };
}

function adtsFraming(track: AudioTrack): Framing {
  const variant = variants(track);
  const unpack =
    () =>
    (accessUnit: Buffer): Unpacked => {
      const header = parseAdtsHeader(accessUnit);
      const change = () => ({ sampleRate: header.sampleRate, channels: header.channelConfiguration || track.channels });
      return { track: variant(configOfAdts(header), change), data: accessUnit.subarray(header.headerBytes) };
    };
  return { track, unpack };
}

function rawFraming(track: AudioTrack): Framing {
  return { track, unpack: () => (accessUnit) => ({ track, data: accessUnit }) };
}
