// PES packets: an access unit, or a few, with their times. ISO/IEC 13818-1 §2.4.3.6, §2.4.3.7.
import { MalformedError } from '../../bytes/malformed-error.ts';
import { wrap } from './clock.ts';

/** stream_id, Table 2-22. */
export const StreamId = { private1: 0xbd, audio: 0xc0, video: 0xe0 } as const;

/** start code, stream_id, PES_packet_length. */
const PREFIX_BYTES = 6;
/** Prefix, two bytes of flags, PES_header_data_length. */
export const PES_FIXED_BYTES = PREFIX_BYTES + 3;
const TIME_BYTES = 5;
export const MAX_PES_HEADER_BYTES = PES_FIXED_BYTES + 2 * TIME_BYTES;

/** Bytes of payload behind the longest header that PES_packet_length can still count. */
export const MAX_PES_PAYLOAD_BYTES = 0xffff - (MAX_PES_HEADER_BYTES - PREFIX_BYTES);

/** Writes a header at the start of `into` and returns its size. PES_packet_length is 0 when it cannot tell the size, which video alone may. */
export function writePesHeader(into: Buffer, streamId: number, payloadBytes: number, pts: number, dts: number): number {
  const hasDts = dts !== pts;
  const timesBytes = hasDts ? 2 * TIME_BYTES : TIME_BYTES;
  const packetBytes = PES_FIXED_BYTES - PREFIX_BYTES + timesBytes + payloadBytes;
  into.writeUInt32BE(0x100 | streamId, 0); // packet_start_code_prefix, stream_id
  into.writeUInt16BE(packetBytes > 0xffff ? 0 : packetBytes, 4); // PES_packet_length
  into[6] = 0x84; // '10', PES_scrambling_control 00, PES_priority 0, data_alignment_indicator 1, copyright 0, original_or_copy 0
  into[7] = hasDts ? 0xc0 : 0x80; // PTS_DTS_flags, ESCR 0, ES_rate 0, DSM_trick_mode 0, additional_copy_info 0, CRC 0, extension 0
  into[8] = timesBytes; // PES_header_data_length
  writeTime(into, PES_FIXED_BYTES, hasDts ? 3 : 2, pts);
  if (hasDts) writeTime(into, PES_FIXED_BYTES + TIME_BYTES, 1, dts);
  return PES_FIXED_BYTES + timesBytes;
}

function writeTime(into: Buffer, offset: number, prefix: number, time: number): void {
  const wireTime = wrap(time);
  const high = Math.floor(wireTime / 2 ** 30);
  into[offset] = (prefix << 4) | (high << 1) | 1; // prefix 4, time[32..30], marker_bit
  into.writeUInt16BE((Math.floor(wireTime / 2 ** 14) & 0xfffe) | 1, offset + 1); // time[29..15], marker_bit
  into.writeUInt16BE(((wireTime * 2) & 0xfffe) | 1, offset + 3); // time[14..0], marker_bit
}

export interface PesHeader {
  readonly streamId: number;
  /** Where the payload begins. */
  readonly headerBytes: number;
  /** Size of the payload; undefined when only the next packet tells. */
  readonly payloadBytes: number | undefined;
  /** Times as on the wire, 33 bits. */
  readonly pts: number | undefined;
  readonly dts: number | undefined;
}

/** Streams whose packets have no such header: program stream map and directory, padding, private 2, ECM, EMM, DSM-CC, H.222.1 type E. */
const WITHOUT_HEADER: ReadonlySet<number> = new Set([0xbc, 0xbe, 0xbf, 0xf0, 0xf1, 0xf2, 0xf8, 0xff]);

/** `bytes` begin with the packet and hold at least its header. Throws MalformedError. */
export function parsePesHeader(bytes: Buffer): PesHeader {
  if (bytes.length < PES_FIXED_BYTES) throw new MalformedError('PES header is cut off', bytes.length);
  const startCode = bytes.readUInt32BE(0); // packet_start_code_prefix, stream_id
  const streamId = startCode & 0xff;
  if (startCode >>> 8 !== 1) throw new MalformedError(`packet_start_code_prefix 0x${(startCode >>> 8).toString(16)}`);
  if (WITHOUT_HEADER.has(streamId)) throw new MalformedError(`stream_id 0x${streamId.toString(16)} without times`);
  if (bytes[6]! >> 6 !== 2) throw new MalformedError('not a PES header of MPEG-2', 6); // '10'
  const headerBytes = PES_FIXED_BYTES + bytes[8]!; // PES_header_data_length
  if (headerBytes > bytes.length) throw new MalformedError('PES header is cut off', bytes.length);
  const packetBytes = bytes.readUInt16BE(4); // PES_packet_length
  const flags = bytes[7]! >> 6; // PTS_DTS_flags
  const hasPts = (flags & 2) !== 0 && headerBytes >= PES_FIXED_BYTES + TIME_BYTES;
  const hasDts = flags === 3 && headerBytes >= PES_FIXED_BYTES + 2 * TIME_BYTES;
  return {
    streamId,
    headerBytes,
    payloadBytes: packetBytes === 0 ? undefined : Math.max(0, PREFIX_BYTES + packetBytes - headerBytes),
    pts: hasPts ? readTime(bytes, PES_FIXED_BYTES) : undefined,
    dts: hasDts ? readTime(bytes, PES_FIXED_BYTES + TIME_BYTES) : undefined,
  };
}

function readTime(bytes: Buffer, offset: number): number {
  const high = (bytes[offset]! >> 1) & 7; // time[32..30]
  const middle = bytes.readUInt16BE(offset + 1) >> 1; // time[29..15]
  const low = bytes.readUInt16BE(offset + 3) >> 1; // time[14..0]
  return high * 2 ** 30 + middle * 2 ** 15 + low;
}
