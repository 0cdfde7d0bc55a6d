// Audio frames in the byte stream of a PID, codec by codec.
import { MalformedError } from '../../bytes/malformed-error.ts';
import { ADTS_HEADER_BYTES, configOfAdts, parseAdtsHeader } from '../../codec/aac/adts.ts';
import { channelCount } from '../../codec/aac/sampling-frequency.ts';
import { ac3AccessUnitBytes, ac3AccessUnitSamples, parseAc3AccessUnit } from '../../codec/ac3/access-unit.ts';
import { buildAc3Config, parseAc3Config } from '../../codec/ac3/config.ts';
import { parseAc3Header } from '../../codec/ac3/sync-frame.ts';
import { MPEG_AUDIO_HEADER_BYTES, parseMpegAudioHeader } from '../../codec/mp3/frame-header.ts';
import { buildOpusHead, OPUS_SAMPLE_RATE } from '../../codec/opus/opus-head.ts';
import { MAX_OPUS_PACKET_BYTES, opusPacketSamples } from '../../codec/opus/packet.ts';
import type { AudioCodec } from '../../media/track.ts';
import type { StreamCodec } from './stream-type.ts';

type ByteStreamAudio = Exclude<StreamCodec, 'h264' | 'hevc'>;

export interface AudioFrame {
  /** The frame with the framing of the transport stream before it; a view. */
  readonly bytes: Buffer;
  /** Where in `bytes` that begins which a sample holds. */
  readonly headerBytes: number;
  /** How long it sounds, in samples of `sampleRate`. */
  readonly samples: number;
  readonly sampleRate: number;
  /** Frames with equal formats belong to one track. */
  readonly format: number;
}

export interface AudioFormat {
  readonly codec: AudioCodec;
  readonly config: Buffer;
  readonly sampleRate: number;
  readonly channels: number;
}

/** How the frames of a codec follow each other. */
export interface AudioFraming {
  /** With which every frame begins. */
  readonly syncByte: number;
  /**
   * The frame at `offset`; undefined when more bytes are needed. `atEnd`: no frame goes on behind `bytes`. Throws MalformedError when no frame
   * begins there.
   */
  read(bytes: Buffer, offset: number, atEnd: boolean): AudioFrame | undefined;
  /** The track of such frames. Throws MalformedError. */
  describe(frame: AudioFrame): AudioFormat;
}

const NO_CONFIG = Buffer.alloc(0);

const adtsFraming: AudioFraming = {
  syncByte: 0xff,
  read(bytes, offset) {
    if (bytes.length - offset < ADTS_HEADER_BYTES) return undefined;
    const { channelConfiguration, objectType, sampleRate, headerBytes, frameBytes } = parseAdtsHeader(bytes, offset);
    if (channelConfiguration === 0)
      throw new MalformedError('AAC whose speakers stand in a program config element', offset);
    const format = (sampleRate * 8 + channelConfiguration) * 8 + objectType;
    return cut(bytes, offset, frameBytes, { headerBytes, samples: 1024, sampleRate, format });
  },
  describe({ bytes }) {
    const header = parseAdtsHeader(bytes);
    const { sampleRate, channelConfiguration } = header;
    return { codec: 'aac', config: configOfAdts(header), sampleRate, channels: channelCount(channelConfiguration) };
  },
};

const mp3Framing: AudioFraming = {
  syncByte: 0xff,
  read(bytes, offset) {
    if (bytes.length - offset < MPEG_AUDIO_HEADER_BYTES) return undefined;
    const { layer, sampleRate, channels, frameBytes, samplesPerFrame: samples } = parseMpegAudioHeader(bytes, offset);
    if (layer !== 3) throw new MalformedError(`MPEG audio of layer ${layer}, only layer 3 is MP3`, offset);
    if (frameBytes === 0) throw new MalformedError('MP3 in the free format', offset);
    return cut(bytes, offset, frameBytes, { headerBytes: 0, samples, sampleRate, format: sampleRate * 4 + channels });
  },
  describe({ bytes }) {
    const { sampleRate, channels } = parseMpegAudioHeader(bytes);
    return { codec: 'mp3', config: NO_CONFIG, sampleRate, channels };
  },
};

/** AC-3 frames or E-AC-3 access units, whatever the program map calls them. */
const ac3Framing: AudioFraming = {
  syncByte: 0x0b,
  read(bytes, offset, atEnd) {
    const sizeBytes = ac3AccessUnitBytes(bytes, offset, atEnd);
    if (sizeBytes === undefined) return undefined;
    const { bsid, sampleRate, channels } = parseAc3Header(bytes, offset);
    const samples = ac3AccessUnitSamples(bytes.subarray(offset, offset + sizeBytes));
    const format = (sampleRate * 32 + bsid) * 16 + channels;
    return cut(bytes, offset, sizeBytes, { headerBytes: 0, samples, sampleRate, format });
  },
  describe({ bytes }) {
    const [first, ...others] = parseAc3AccessUnit(bytes);
    const config = buildAc3Config(first!, others);
    return { codec: first!.codec, config, sampleRate: first!.sampleRate, channels: parseAc3Config(config).channels };
  },
};

/** Stream count, coupled count and channel mapping of 3 to 8 channels in Vorbis order, RFC 7845 §5.1.1.2. */
const OPUS_MAPPINGS: Readonly<Record<number, readonly number[]>> = {
  3: [2, 1, 0, 2, 1],
  4: [2, 2, 0, 1, 2, 3],
  5: [3, 2, 0, 4, 1, 2, 3],
  6: [4, 2, 0, 4, 1, 2, 3, 5],
  7: [4, 3, 0, 4, 1, 2, 3, 5, 6],
  8: [5, 3, 0, 6, 1, 2, 3, 4, 5, 7],
};

function opusFraming(channels: number): AudioFraming {
  const mapping = OPUS_MAPPINGS[channels];
  const config = buildOpusHead({
    channels,
    mappingFamily: mapping === undefined ? 0 : 1,
    channelMapping: Buffer.from(mapping ?? []),
  });
  return {
    syncByte: 0x7f,
    read(bytes, offset) {
      const header = readOpusControlHeader(bytes, offset);
      if (header === undefined || bytes.length - offset < header.headerBytes + header.payloadBytes) return undefined;
      const { headerBytes, payloadBytes } = header;
      const packet = bytes.subarray(offset + headerBytes, offset + headerBytes + payloadBytes);
      const frame = { headerBytes, samples: opusPacketSamples(packet), sampleRate: OPUS_SAMPLE_RATE, format: channels };
      return cut(bytes, offset, headerBytes + payloadBytes, frame);
    },
    describe: () => ({ codec: 'opus', config, sampleRate: OPUS_SAMPLE_RATE, channels }),
  };
}

/** opus_control_header. Undefined when it is not complete. */
function readOpusControlHeader(bytes: Buffer, offset: number) {
  if (bytes.length - offset < 3) return undefined;
  const flags = bytes.readUInt16BE(offset); // control_header_prefix 11, start_trim, end_trim, control_extension, reserved 00
  if (flags >> 5 !== 0x3ff) throw new MalformedError(`Opus control header 0x${flags.toString(16)}`, offset);
  let end = offset + 2;
  let payloadBytes = 0;
  do
    payloadBytes += bytes[end] ?? 0; // au_size
  while (bytes[end++] === 255 && payloadBytes <= MAX_OPUS_PACKET_BYTES);
  if (payloadBytes > MAX_OPUS_PACKET_BYTES) throw new MalformedError(`Opus packet of ${payloadBytes} bytes`, offset);
  if ((flags & 0x10) !== 0) end += 2; // start_trim
  if ((flags & 0x08) !== 0) end += 2; // end_trim
  if ((flags & 0x04) !== 0) end += 1 + (bytes[end] ?? 0); // control_extension_length, control_extension
  return end > bytes.length ? undefined : { headerBytes: end - offset, payloadBytes };
}

/** Undefined when the frame is not complete. */
function cut(
  bytes: Buffer,
  offset: number,
  sizeBytes: number,
  frame: Omit<AudioFrame, 'bytes'>,
): AudioFrame | undefined {
  const end = offset + sizeBytes;
  return end > bytes.length ? undefined : { bytes: bytes.subarray(offset, end), ...frame };
}

/** `channels` only counts for Opus, whose packets do not tell. */
export function audioFramingOf(codec: ByteStreamAudio, channels: number): AudioFraming {
  switch (codec) {
    case 'aac':
      return adtsFraming;
    case 'mp3':
      return mp3Framing;
    case 'opus':
      return opusFraming(channels);
    default:
      return ac3Framing;
  }
}
